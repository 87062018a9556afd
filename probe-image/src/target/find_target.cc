#include "target/find_target.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "sys/file_reader.h"
#include "sys/netns.h"
#include "target/namespace_address.h"
#include "target/pod_processes.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Result;
using protocol::Target;

/// A network namespace and the process it was opened through.
struct OpenedNetns {
  UniqueFd fd;
  std::uint64_t inode = 0;
  std::int64_t pid = 0;
};

std::string ProcessPath(const std::string& proc_root, std::int64_t pid) {
  return proc_root + "/" + std::to_string(pid);
}

/// Opens the namespace of exactly that process: its number may have gone to another one meanwhile.
Result<OpenedNetns> OpenNetnsOf(const Process& process, const std::string& proc_root) {
  auto fd = OpenNetnsFile(ProcessPath(proc_root, process.pid) + "/ns/net");
  if (!fd) {
    return fd.error();
  }
  const auto inode = NetnsInode(fd->get());
  if (!inode) {
    return inode.error();
  }
  const auto stat = ReadProcessStat(process.pid, proc_root);
  if (!stat || !stat->alive() || stat->start_ticks != process.start_ticks) {
    return Error{"process " + std::to_string(process.pid) + " ended while it was looked at", 0};
  }
  return OpenedNetns{std::move(fd.value()), *inode, process.pid};
}

/// Whether one of `wanted` is an address of that process's network namespace; nullopt when that
/// can't be told.
std::optional<bool> HasAddress(const std::vector<std::string>& wanted,
                               std::int64_t pid,
                               const std::string& proc_root) {
  constexpr std::size_t kMaxFibTrie = 4U << 20U;
  const auto net = ProcessPath(proc_root, pid) + "/net";
  const auto fib_trie = ReadFile(net + "/fib_trie", kMaxFibTrie);
  const auto if_inet6 = ReadFile(net + "/if_inet6");
  if (wanted.empty() || (!fib_trie && !if_inet6)) {
    return std::nullopt;
  }
  auto addresses = fib_trie ? ParseFibTrieLocals(*fib_trie) : std::vector<IpAddress>();
  for (const auto& address : if_inet6 ? ParseIfInet6(*if_inet6) : std::vector<IpAddress>()) {
    addresses.push_back(address);
  }
  return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& text) {
    const auto address = ParseIpAddress(text);
    return address && std::find(addresses.begin(), addresses.end(), *address) != addresses.end();
  });
}

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) {
    text += (text.empty() ? "" : ", ") + word;
  }
  return text;
}

void SetNetns(FoundTarget& found, OpenedNetns netns) {
  found.state.found = true;
  found.state.pod_netns = netns.inode;
  if (netns.inode != found.state.node_netns) {
    found.pod_netns = std::move(netns.fd);
  }
}

/// Takes the first namespace of `processes` that has the pod's address, else the first at all.
void ChooseNetns(const Target& target,
                 const std::vector<Process>& processes,
                 const std::string& proc_root,
                 FoundTarget& found) {
  std::optional<OpenedNetns> second_best;
  for (const auto& process : processes) {
    auto netns = OpenNetnsOf(process, proc_root);
    if (!netns) {
      found.state.reason = netns.error().message;
      continue;
    }
    const bool is_node = netns->inode == found.state.node_netns;
    if (is_node && !target.host_network) {
      found.state.reason = "process " + std::to_string(process.pid) +
                           " is in the node's network namespace, but the pod has its own";
      continue;
    }
    if (is_node || HasAddress(target.pod_ips, process.pid, proc_root).value_or(true)) {
      found.state.reason.clear();
      SetNetns(found, std::move(netns.value()));
      return;
    }
    if (!second_best) {
      second_best = std::move(netns.value());
    }
  }
  if (second_best) {
    found.state.reason = "the network namespace of process " + std::to_string(second_best->pid) +
                         " has none of the pod's addresses " + Join(target.pod_ips);
    SetNetns(found, std::move(*second_best));
  }
}

void FindByPid(const Target& target, const std::string& proc_root, FoundTarget& found) {
  const auto stat = ReadProcessStat(target.pid, proc_root);
  if (!stat || !stat->alive()) {
    found.state.reason = "there is no process " + std::to_string(target.pid);
    return;
  }
  const Process process{target.pid, stat->start_ticks};
  for (const auto& container : target.containers) {
    found.state.containers.push_back(
        {container.name, container.id, true, process.pid, process.start_ticks});
  }
  auto netns = OpenNetnsOf(process, proc_root);
  if (netns) {
    SetNetns(found, std::move(netns.value()));
  } else {
    found.state.reason = netns.error().message;
  }
}

void FindByCgroup(const Target& target, const std::string& proc_root, FoundTarget& found) {
  const auto processes = FindPodProcesses(target, proc_root);
  if (!processes) {
    found.state.reason = processes.error().message;
    return;
  }
  std::vector<Process> sources;
  for (std::size_t i = 0; i < target.containers.size(); ++i) {
    const auto& process = processes->containers[i];
    const auto& container = target.containers[i];
    if (process) {
      sources.push_back(*process);
      found.state.containers.push_back(
          {container.name, container.id, true, process->pid, process->start_ticks});
    } else {
      found.state.containers.push_back({container.name, container.id, false, 0, 0});
    }
  }
  if (processes->sandbox) {
    sources.push_back(*processes->sandbox);
  }
  if (sources.empty() && target.host_network) {
    found.state.found = true;
    found.state.pod_netns = found.state.node_netns;
    return;
  }
  found.state.reason = "no process of the pod was found on this node";
  ChooseNetns(target, sources, proc_root, found);
}

}  // namespace

FoundTarget FindTarget(const Target& target,
                       protocol::Moment moment,
                       const std::string& proc_root) {
  FoundTarget found;
  found.state.moment = moment;
  const auto own = OpenNetnsFile(proc_root + "/self/ns/net");
  const auto own_inode = own ? NetnsInode(own->get()) : own.error();
  if (!own_inode) {
    found.state.reason = own_inode.error().message;
    return found;
  }
  found.state.node_netns = *own_inode;
  if (target.pid != 0) {
    FindByPid(target, proc_root, found);
  } else {
    FindByCgroup(target, proc_root, found);
  }
  return found;
}

}  // namespace netcheck::probe
