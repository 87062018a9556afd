#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "kernel/conntrack_lookup.h"
#include "kernel/snapshot.h"
#include "kernel/sock_diag.h"
#include "sys/netns.h"
#include "unit/kernel/fact_lists.h"

// The running kernel, in network namespaces made for the test. Needs CAP_SYS_ADMIN.

using netcheck::probe::LookUpConntrack;
using netcheck::probe::NetnsInode;
using netcheck::probe::OpenNetns;
using netcheck::probe::RunInNetns;
using netcheck::probe::SnapshotScope;
using netcheck::probe::SockDiag;
using netcheck::probe::SocketInNetns;
using netcheck::probe::TakeSnapshot;
using netcheck::probe::UniqueFd;
using netcheck::protocol::Counters;
using netcheck::protocol::Fact;
using netcheck::protocol::Listener;
using netcheck::protocol::Listeners;
using netcheck::protocol::Moment;
using netcheck::protocol::Sysctls;
using netcheck::protocol::Where;
using netcheck::test::FactsOf;
using netcheck::test::FindUnavailable;
using namespace std::chrono_literals;

namespace {

/// A network namespace of its own, made and held by a descriptor only; invalid without the right.
UniqueFd MakeNetns() {
  std::array<int, 2> ready{};
  if (pipe2(ready.data(), O_CLOEXEC) != 0) {
    return {};
  }
  const UniqueFd reader(ready[0]);
  UniqueFd writer(ready[1]);
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const char answer = unshare(CLONE_NEWNET) == 0 ? 'y' : 'n';
    if (write(writer.get(), &answer, 1) == 1) {
      pause();
    }
    _exit(0);
  }
  writer.Reset();
  char answer = 'n';
  const bool made = child > 0 && read(reader.get(), &answer, 1) == 1 && answer == 'y';
  UniqueFd netns;
  if (made) {
    if (auto opened = OpenNetns(child)) {
      netns = std::move(opened.value());
    }
  }
  if (child > 0) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  return netns;
}

/// Says why the test case ends here.
bool Skipped(const UniqueFd& netns) {
  if (!netns.valid()) {
    MESSAGE("SKIPPED: can't make a network namespace (not root?)");
  }
  return !netns.valid();
}

/// A TCP listener in that namespace on a port that the kernel chooses.
UniqueFd Listen(int netns_fd, int family, bool v6only, int backlog) {
  auto made = SocketInNetns(netns_fd, family, SOCK_STREAM, 0);
  REQUIRE(made);
  UniqueFd fd = std::move(made.value());
  if (family == AF_INET6) {
    const int value = v6only ? 1 : 0;
    REQUIRE(setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &value, sizeof value) == 0);
  }
  REQUIRE(listen(fd.get(), backlog) == 0);  // Binds to the unspecified address.
  return fd;
}

int PortOf(const UniqueFd& fd) {
  sockaddr_in6 address{};
  socklen_t size = sizeof address;
  REQUIRE(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ntohs(address.sin6_port);  // At the same place in sockaddr_in.
}

void BringLoopbackUp(int netns_fd) {
  const auto control = SocketInNetns(netns_fd, AF_INET, SOCK_DGRAM, 0);
  REQUIRE(control);
  ifreq request{};
  std::string("lo").copy(request.ifr_name, IFNAMSIZ);
  request.ifr_flags = IFF_UP;
  REQUIRE(ioctl(control->get(), SIOCSIFFLAGS, &request) == 0);
}

UniqueFd Connect(int netns_fd, int port) {
  auto made = SocketInNetns(netns_fd, AF_INET, SOCK_STREAM, 0);
  REQUIRE(made);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  REQUIRE(connect(made->get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return std::move(made.value());
}

std::vector<Fact> Snapshot(const UniqueFd& netns) {
  SnapshotScope scope;
  scope.moment = Moment::kAfter;
  scope.where = Where::kPod;
  scope.netns_fd = netns.get();
  return TakeSnapshot(scope);
}

const Listener* FindListener(const std::vector<Listeners>& lists, int port) {
  for (const auto& list : lists) {
    for (const auto& listener : list.listeners) {
      if (listener.port == port) {
        return &listener;
      }
    }
  }
  return nullptr;
}

std::int64_t CounterOf(const std::vector<Fact>& facts, const std::string& name) {
  for (const auto& part : FactsOf<Counters>(facts)) {
    if (part.values.contains(name)) {
      return part.values.at(name);
    }
  }
  return -1;
}

}  // namespace

TEST_CASE("real kernel: listeners of a namespace with backlog and queue") {
  const auto netns = MakeNetns();
  if (Skipped(netns)) {
    return;
  }
  BringLoopbackUp(netns.get());
  const auto v4 = Listen(netns.get(), AF_INET, false, 7);
  const auto v6 = Listen(netns.get(), AF_INET6, true, 3);
  const auto dual = Listen(netns.get(), AF_INET6, false, 9);
  const auto client = Connect(netns.get(), PortOf(v4));
  const auto facts = Snapshot(netns);
  const auto lists = FactsOf<Listeners>(facts);
  REQUIRE(lists.size() == 1);
  CHECK(lists[0].listeners.size() == 3);
  CHECK(lists[0].where == Where::kPod);
  CHECK(lists[0].moment == Moment::kAfter);
  const auto* listener = FindListener(lists, PortOf(v4));
  REQUIRE(listener != nullptr);
  CHECK(listener->address == "0.0.0.0");
  CHECK(listener->queue == 1);
  REQUIRE(FindListener(lists, PortOf(v6)) != nullptr);
  CHECK(FindListener(lists, PortOf(v6))->address == "::");
  if (FindUnavailable(facts, "listeners.backlog")) {
    MESSAGE("SKIPPED: backlogs, sock_diag can't be asked here");
    return;
  }
  CHECK(listener->backlog == 7);
  CHECK(FindListener(lists, PortOf(v6))->v6only);
  CHECK_FALSE(FindListener(lists, PortOf(dual))->v6only);
}

TEST_CASE("real kernel: a queue is watched from outside its namespace") {
  const auto netns = MakeNetns();
  if (Skipped(netns)) {
    return;
  }
  BringLoopbackUp(netns.get());
  const auto server = Listen(netns.get(), AF_INET, false, 7);
  auto sockets = SockDiag::Open(netns.get(), "/proc");
  if (!sockets) {
    MESSAGE("SKIPPED: sock_diag can't be asked here");
    return;
  }
  const auto queue = [&] {
    const auto listeners = sockets->Listeners();
    REQUIRE(listeners);
    REQUIRE(listeners->size() == 1);
    CHECK(listeners->front().port == PortOf(server));
    CHECK(listeners->front().backlog == 7);
    return listeners->front().queue;
  };
  CHECK(queue() == 0);
  const auto first = Connect(netns.get(), PortOf(server));
  CHECK(queue() == 1);
  const auto second = Connect(netns.get(), PortOf(server));
  CHECK(queue() == 2);
}

TEST_CASE("real kernel: how far a request came, by the server's socket") {
  const auto netns = MakeNetns();
  if (Skipped(netns)) {
    return;
  }
  BringLoopbackUp(netns.get());
  int family = AF_INET;
  SUBCASE("IPv4") {}
  SUBCASE("an IPv4 connection of an IPv6 socket") {
    family = AF_INET6;
  }
  const auto server = Listen(netns.get(), family, false, 7);
  auto sockets = SockDiag::Open(netns.get(), "/proc");
  if (!sockets) {
    MESSAGE("SKIPPED: sock_diag can't be asked here");
    return;
  }
  const auto client = Connect(netns.get(), PortOf(server));
  const auto found = [&] {
    const auto asked =
        sockets->Connected({"127.0.0.1", PortOf(server), "127.0.0.1", PortOf(client)});
    REQUIRE(asked);
    REQUIRE(asked->has_value());
    return **asked;
  };
  CHECK(found().tcp_state == "ESTABLISHED");
  CHECK_FALSE(found().accepted);
  REQUIRE(send(client.get(), "request", 7, 0) == 7);
  CHECK(found().unread == 7);
  const UniqueFd connection(accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
  CHECK(found().accepted);
  CHECK(found().unread == 7);
  std::array<char, 16> buffer{};
  REQUIRE(recv(connection.get(), buffer.data(), buffer.size(), 0) == 7);
  CHECK(found().unread == 0);
  CHECK(found().unacknowledged == 0);
  CHECK(found().segment_size > 500);
  CHECK(found().timestamps);
  CHECK(found().quiet_ms < 5000);
  CHECK(found().bytes_received == 7);
  CHECK(found().bytes_acknowledged == 0);
  REQUIRE(send(connection.get(), "answer", 6, 0) == 6);
  CHECK(found().bytes_acknowledged == 6);
  // Where there is no such connection the kernel names the listener.
  const auto none = sockets->Connected({"127.0.0.1", PortOf(server), "127.0.0.1", 1});
  REQUIRE(none);
  CHECK_FALSE(none->has_value());
  const auto closed = sockets->Connected({"127.0.0.1", 1, "127.0.0.1", 2});
  REQUIRE(closed);
  CHECK_FALSE(closed->has_value());
}

TEST_CASE("real kernel: counters and sysctls are those of the namespace") {
  const auto netns = MakeNetns();
  if (Skipped(netns)) {
    return;
  }
  BringLoopbackUp(netns.get());
  CHECK(CounterOf(Snapshot(netns), "Tcp.ActiveOpens") == 0);
  const auto listener = Listen(netns.get(), AF_INET, false, 1);
  const auto client = Connect(netns.get(), PortOf(listener));
  CHECK(CounterOf(Snapshot(netns), "Tcp.ActiveOpens") == 1);
  CHECK(CounterOf(Snapshot(netns), "TcpExt.ListenDrops") == 0);
  const auto written = RunInNetns(
      netns.get(),
      [] {
        std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << "20000 20999";
        return std::string();
      },
      5s);
  REQUIRE(written);
  const auto sysctls = FactsOf<Sysctls>(Snapshot(netns));
  REQUIRE_FALSE(sysctls.empty());
  CHECK(sysctls[0].values.at("net.ipv4.ip_local_port_range") == "20000\t20999");
  SnapshotScope own;
  const auto own_sysctls = FactsOf<Sysctls>(TakeSnapshot(own));
  CHECK(own_sysctls.at(0).values.at("net.ipv4.ip_local_port_range") != "20000\t20999");
}

TEST_CASE("real kernel: the overflow of an accept queue is counted where it happens") {
  const auto netns = MakeNetns();
  if (Skipped(netns)) {
    return;
  }
  BringLoopbackUp(netns.get());
  const auto listener = Listen(netns.get(), AF_INET, false, 0);
  const auto first = Connect(netns.get(), PortOf(listener));  // A backlog of 0 admits one.
  auto second = SocketInNetns(netns.get(), AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  REQUIRE(second);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(PortOf(listener)));
  // On loopback the SYN is processed inside connect().
  CHECK(connect(second->get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == -1);
  CHECK(errno == EINPROGRESS);
  const auto facts = Snapshot(netns);
  CHECK(CounterOf(facts, "TcpExt.ListenOverflows") == 1);
  CHECK(CounterOf(facts, "TcpExt.ListenDrops") == 1);
}

TEST_CASE("real kernel: sockets stay in the namespace that they were made in") {
  const auto netns = MakeNetns();
  if (Skipped(netns)) {
    return;
  }
  const auto inside = SocketInNetns(netns.get(), AF_INET, SOCK_STREAM, 0);
  REQUIRE(inside);
  CHECK((fcntl(inside->get(), F_GETFD) & FD_CLOEXEC) != 0);
  // The namespace's loopback is down, this process's is not its business.
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(1);
  CHECK(connect(inside->get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == -1);
  CHECK(errno == ENETUNREACH);
  const auto refused = SocketInNetns(netns.get(), AF_INET, 12345, 0);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().error_number == EINVAL);
}

TEST_CASE("real kernel: work in a namespace is bounded in time and output") {
  const auto netns = MakeNetns();
  if (Skipped(netns)) {
    return;
  }
  const auto inode = NetnsInode(netns.get());
  REQUIRE(inode);
  const auto seen = RunInNetns(
      netns.get(), [] { return std::filesystem::read_symlink("/proc/self/ns/net").string(); }, 5s);
  CHECK(seen.value() == "net:[" + std::to_string(*inode) + "]");
  const auto start = std::chrono::steady_clock::now();
  const auto endless = RunInNetns(
      netns.get(),
      [] {
        pause();
        return std::string();
      },
      50ms);
  CHECK(endless.error().error_number == ETIMEDOUT);
  CHECK(std::chrono::steady_clock::now() - start < 5s);
  const auto whole = RunInNetns(
      netns.get(), [] { return std::string(1U << 20U, 'x'); }, 5s);
  CHECK(whole.value().size() == 1U << 20U);
  const auto long_text = RunInNetns(
      netns.get(), [] { return std::string((1U << 20U) + 1, 'x'); }, 5s);
  CHECK(long_text.error().error_number == EFBIG);
  const auto died = RunInNetns(
      netns.get(), []() -> std::string { throw 1; }, 5s);
  CHECK(died.error().message == "the helper for the network namespace ended without an answer");
  CHECK(waitpid(-1, nullptr, WNOHANG) == -1);  // No child is left.
  CHECK(errno == ECHILD);
}

TEST_CASE("real kernel: a descriptor that is no namespace") {
  const UniqueFd file(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto ran = RunInNetns(
      file.get(), [] { return std::string("ran"); }, 5s);
  REQUIRE_FALSE(ran);
  CHECK(ran.error().error_number != 0);
  CHECK_FALSE(SocketInNetns(file.get(), AF_INET, SOCK_STREAM, 0));
  CHECK(OpenNetns(0).error().error_number == ENOENT);
}

TEST_CASE("real kernel: a tuple that nobody uses has no conntrack entry") {
  const auto entry = LookUpConntrack({"192.0.2.77", 1, "192.0.2.78", 9});
  if (!entry) {
    MESSAGE("SKIPPED: conntrack can't be asked here: ", entry.error().message);
    CHECK((entry.error().error_number == ENOENT || entry.error().error_number == EPERM));
    return;
  }
  CHECK_FALSE(entry->found);
  CHECK(entry->original.source_port == 1);
}
