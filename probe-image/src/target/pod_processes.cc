#include "target/pod_processes.h"

#include <tuple>

#include "sys/file_reader.h"
#include "target/cgroup_path.h"
#include "target/process_list.h"

namespace netcheck::probe {
namespace {

using protocol::Result;
using protocol::Target;

/// Where a process of that cgroup belongs in `found`; nullptr: not to this pod.
std::optional<Process>* SlotOf(std::string_view cgroup, const Target& target, PodProcesses& found) {
  const auto lines = ParseCgroupFile(cgroup);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < target.containers.size(); ++i) {
      if (IsInContainer(line.path, StripRuntime(target.containers[i].id))) {
        return &found.containers[i];
      }
    }
  }
  // A process right in the pod's cgroup may be a monitor, which lives in the node's namespaces.
  for (const auto& line : lines) {
    if (!ContainerBelowPod(line.path, target.pod_uid).empty()) {
      return &found.sandbox;
    }
  }
  return nullptr;
}

bool IsOlder(const Process& a, const Process& b) {
  return std::tie(a.start_ticks, a.pid) < std::tie(b.start_ticks, b.pid);
}

}  // namespace

std::optional<ProcessStat> ReadProcessStat(std::int64_t pid, const std::string& proc_root) {
  const auto text = ReadFile(proc_root + "/" + std::to_string(pid) + "/stat");
  return text ? ParseProcessStat(*text) : std::nullopt;
}

Result<PodProcesses> FindPodProcesses(const Target& target, const std::string& proc_root) {
  const auto pids = ListProcesses(proc_root);
  if (!pids) {
    return pids.error();
  }
  PodProcesses found;
  found.containers.resize(target.containers.size());
  for (const std::int64_t pid : *pids) {
    const auto cgroup = ReadFile(proc_root + "/" + std::to_string(pid) + "/cgroup");
    auto* slot = cgroup ? SlotOf(*cgroup, target, found) : nullptr;
    const auto stat = slot != nullptr ? ReadProcessStat(pid, proc_root) : std::nullopt;
    if (!stat || !stat->alive()) {
      continue;
    }
    const Process process{pid, stat->start_ticks};
    if (!slot->has_value() || IsOlder(process, **slot)) {
      *slot = process;
    }
  }
  return found;
}

}  // namespace netcheck::probe
