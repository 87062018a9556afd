#include "kernel/test_engine_namespaces.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "sys/netns.h"

namespace netcheck::probe::test {
namespace {

void RunShell(const std::string& command) {
  INFO(command);
  REQUIRE(std::system(command.c_str()) == 0);
}

[[noreturn]] void ServePod(int ready_fd) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (unshare(CLONE_NEWNET) != 0) {
    _exit(1);
  }
  const UniqueFd listener = ListenOn(kOpenPort);
  const char ready = 'r';
  if (!listener.valid() || write(ready_fd, &ready, 1) != 1) {
    _exit(1);
  }
  while (true) {
    const UniqueFd connection(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
}

}  // namespace

bool NodeAndPod::Possible() {
  if (geteuid() != 0) {
    std::puts("skipped: needs root");
    return false;
  }
  if (std::system("ip -V >/dev/null 2>&1 && nft --version >/dev/null 2>&1 && "
                  "unshare --net true && nsenter --version >/dev/null 2>&1") != 0) {
    std::puts("skipped: needs ip, nft, nsenter and the right to make network namespaces");
    return false;
  }
  return true;
}

NodeAndPod::NodeAndPod() {
  REQUIRE(unshare(CLONE_NEWNET) == 0);
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  pod_pid_ = fork();
  REQUIRE(pod_pid_ >= 0);
  if (pod_pid_ == 0) {
    close(ready[0]);
    ServePod(ready[1]);
  }
  close(ready[1]);
  const UniqueFd ready_end(ready[0]);
  char byte = 0;
  REQUIRE(read(ready_end.get(), &byte, 1) == 1);
  auto pod_netns = OpenNetns(pod_pid_);
  REQUIRE(pod_netns.ok());
  pod_netns_ = std::move(pod_netns).value();

  InNode("ip link set lo up");
  InNode("ip link add br0 type bridge && ip link set br0 up");
  InNode("ip address add 10.99.0.1/24 dev br0 && ip address add fd99::1/64 dev br0 nodad");
  InNode("ip link add pod0 master br0 type veth peer name eth0 netns " + std::to_string(pod_pid_));
  InNode("ip link set pod0 up");
  InPod("ip link set lo up && ip link set eth0 up");
  InPod("ip address add 10.99.0.2/24 dev eth0 && ip address add fd99::2/64 dev eth0 nodad");
  // Address resolution is not what is tested: both sides know each other before.
  for (const int family : {AF_INET, AF_INET6}) {
    REQUIRE(ConnectOnce({*ParseIpAddress(PodAddress(family)), kClosedPort}) == ECONNREFUSED);
  }
}

NodeAndPod::~NodeAndPod() {
  kill(pod_pid_, SIGKILL);
  waitpid(pod_pid_, nullptr, 0);
}

void NodeAndPod::InNode(const std::string& command) {
  RunShell(command);
}

void NodeAndPod::InPod(const std::string& command) const {
  RunShell("nsenter --net=/proc/" + std::to_string(pod_pid_) + "/ns/net sh -c '" + command + "'");
}

int ConnectOnce(const Endpoint& target) {
  const UniqueFd fd(socket(target.address.family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{5, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  const SocketAddress address = ToSocketAddress(target);
  return connect(fd.get(), address.get(), address.size) == 0 ? 0 : errno;
}

std::uint16_t LeaveInTimeWait(const Endpoint& target) {
  const UniqueFd fd(socket(target.address.family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress address = ToSocketAddress(target);
  REQUIRE(connect(fd.get(), address.get(), address.size) == 0);
  const std::uint16_t port = LocalEndpoint(fd.get()).port;
  shutdown(fd.get(), SHUT_WR);
  char byte = 0;
  REQUIRE(read(fd.get(), &byte, 1) == 0);  // The server has closed as well.
  return port;
}

bool KernelSharesPorts() {
  constexpr int kIpLocalPortRange = 51;
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const std::uint32_t range = (40000U << 16U) | 40000U;
  return setsockopt(fd.get(), IPPROTO_IP, kIpLocalPortRange, &range, sizeof(range)) == 0;
}

UniqueFd ListenOn(int port) {
  UniqueFd fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int off = 0;
  setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  Endpoint any{{AF_INET6, {}}, static_cast<std::uint16_t>(port)};
  const SocketAddress address = ToSocketAddress(any);
  if (bind(fd.get(), address.get(), address.size) != 0 || listen(fd.get(), 4096) != 0) {
    fd.Reset();
  }
  return fd;
}

}  // namespace netcheck::probe::test
