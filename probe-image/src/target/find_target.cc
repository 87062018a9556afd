#include "target/find_target.h"

#include <optional>
#include <utility>

#include "sys/netns.h"
#include "target/pod_processes.h"
#include "target/process_netns.h"

namespace netcheck::probe {
namespace {

using protocol::Target;

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
  if (IsNode(target)) {
    found.state.found = true;
    found.state.pod_netns = found.state.node_netns;
  } else if (target.pid != 0) {
    FindByPid(target, proc_root, found);
  } else {
    FindByCgroup(target, proc_root, found);
  }
  return found;
}

}  // namespace netcheck::probe
