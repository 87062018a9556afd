#include "target/pod_sockets.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "kernel/listening_sockets.h"
#include "kernel/procfs_text.h"
#include "kernel/tcp_state.h"
#include "sys/file_reader.h"
#include "sys/netns.h"
#include "target/cgroup_path.h"
#include "target/process_list.h"
#include "target/process_netns.h"

namespace netcheck::probe {
namespace {

using protocol::Fact;
using protocol::PodSockets;
using std::chrono::steady_clock;

constexpr std::size_t kMaxPods = 16;
constexpr std::size_t kMaxAddresses = 8;
/// Room for about 400,000 sockets.
constexpr std::size_t kMaxProcTcp = 64U << 20U;

/// A pod's network namespace, and a process to look into it through.
struct PodNamespace {
  std::int64_t pid = 0;
  std::uint64_t netns = 0;
  std::int64_t in_use = 0;
  std::string uid;
};

std::string PodOf(std::int64_t pid, const std::string& proc_root) {
  const auto cgroup = ReadFile(proc_root + "/" + std::to_string(pid) + "/cgroup");
  if (cgroup) {
    for (const auto& line : ParseCgroupFile(*cgroup)) {
      if (auto uid = PodIn(line.path); !uid.empty()) {
        return uid;
      }
    }
  }
  return {};
}

std::int64_t InUse(const std::string& net) {
  std::int64_t in_use = 0;
  for (const char* file : {"/sockstat", "/sockstat6"}) {
    const auto text = ReadFile(net + file);
    in_use += text ? ParseSockstat(*text).value_or(0) : 0;
  }
  return in_use;
}

/// 127.0.0.0/8, also as an IPv4-mapped address, and ::1.
bool IsLoopback(const IpAddress& address) {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<std::uint8_t, 16> kLoopback6 = {
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  const bool mapped = std::equal(kMapped.begin(), kMapped.end(), address.bytes.begin());
  return address.family == AF_INET
             ? address.bytes[0] == IN_LOOPBACKNET
             : address.bytes == kLoopback6 || (mapped && address.bytes[12] == IN_LOOPBACKNET);
}

bool IsLinkLocal(const IpAddress& address) {
  return address.family == AF_INET6 && address.bytes[0] == 0xfe &&
         (address.bytes[1] & 0xc0U) == 0x80;
}

bool CountStates(const std::string& path, steady_clock::time_point until, PodSockets& sockets) {
  constexpr std::uint8_t kListen = 10;  // include/net/tcp_states.h
  bool in_time = true;
  const auto read = ForEachLine(path, kMaxProcTcp, [&](std::string_view line) {
    const auto socket = ParseProcTcpLine(line);
    if (socket && socket->state != kListen && !IsLoopback(socket->remote) &&
        ToText(socket->remote) != socket->local.address) {
      ++sockets.states[TcpStateName(socket->state)];
    }
    in_time = steady_clock::now() < until;
    return in_time ? Lines::kContinue : Lines::kStop;
  });
  return in_time && (read.ok() || read.error().error_number == ENOENT);
}

PodSockets Describe(const PodNamespace& pod,
                    protocol::Moment moment,
                    steady_clock::time_point until,
                    const std::string& proc_root) {
  PodSockets sockets;
  sockets.moment = moment;
  sockets.pod_uid = pod.uid;
  sockets.netns = pod.netns;
  sockets.in_use = pod.in_use;
  for (const auto& address : ReadAddresses(pod.pid, proc_root).value_or(std::vector<IpAddress>())) {
    if (!IsLoopback(address) && !IsLinkLocal(address) && sockets.addresses.size() < kMaxAddresses) {
      sockets.addresses.push_back(ToText(address));
    }
  }
  const std::string net = proc_root + "/" + std::to_string(pod.pid) + "/net";
  const bool counted =
      CountStates(net + "/tcp", until, sockets) && CountStates(net + "/tcp6", until, sockets);
  // Whoever has ended has no namespace any more, and empty files.
  const auto stat = ReadProcessStat(pod.pid, proc_root);
  sockets.counted = counted && stat && stat->alive();
  return sockets;
}

}  // namespace

std::optional<std::int64_t> ParseSockstat(std::string_view text) {
  for (const auto line : SplitLines(text)) {
    const auto words = SplitWords(line);
    if (words.size() >= 3 && (words[0] == "TCP:" || words[0] == "TCP6:") && words[1] == "inuse") {
      return ParseDecimal(words[2]);
    }
  }
  return std::nullopt;
}

std::vector<Fact> ReadPodSockets(protocol::Moment moment,
                                 std::uint64_t node_netns,
                                 std::chrono::milliseconds budget,
                                 const std::string& proc_root) {
  const auto until = steady_clock::now() + budget;
  const auto missing = [moment](const std::string& reason) {
    return protocol::Unavailable{moment, protocol::Where::kNode, "pod-sockets", reason, 0};
  };
  const auto pids = ListProcesses(proc_root);
  if (!pids) {
    return {missing(pids.error().message)};
  }
  std::vector<PodNamespace> pods;
  bool in_time = true;
  for (const std::int64_t pid : *pids) {
    in_time = steady_clock::now() < until;
    if (!in_time) {
      break;
    }
    std::string uid = PodOf(pid, proc_root);
    const std::string process = proc_root + "/" + std::to_string(pid);
    const auto fd = uid.empty() ? protocol::Error{"", 0} : OpenNetnsFile(process + "/ns/net");
    const auto inode = fd ? NetnsInode(fd->get()) : fd.error();
    const bool is_new = inode && *inode != node_netns &&
                        std::none_of(pods.begin(), pods.end(), [&](const PodNamespace& pod) {
                          return pod.netns == *inode;
                        });
    if (is_new) {
      pods.push_back({pid, *inode, InUse(process + "/net"), std::move(uid)});
    }
  }
  // The few with most sockets to the front: a pod has few namespaces, and a node few pods.
  const std::size_t kept = std::min(pods.size(), kMaxPods);
  for (std::size_t i = 0; i <= kept && i < pods.size(); ++i) {
    for (std::size_t k = i + 1; k < pods.size(); ++k) {
      if (pods[k].in_use > pods[i].in_use) {
        std::swap(pods[i], pods[k]);
      }
    }
  }
  std::vector<Fact> facts;
  if (!in_time) {
    facts.emplace_back(missing("the processes of the node are too many for the time allowed"));
  }
  if (pods.size() > kMaxPods) {
    facts.emplace_back(missing(
        std::to_string(pods.size() - kMaxPods) + " more network namespaces, each with at most " +
        std::to_string(pods[kMaxPods].in_use) + " TCP sockets, are left out"));
    pods.erase(pods.begin() + kMaxPods, pods.end());
  }
  for (PodNamespace& pod : pods) {
    facts.emplace_back(Describe(pod, moment, until, proc_root));
  }
  return facts;
}

}  // namespace netcheck::probe
