#include <array>
#include <utility>

#include "sys/file_reader.h"
#include "target/cpu_stat.h"
#include "target/find_target.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Fact;
using protocol::Result;

/// Where a cgroup's statistics may be: v1's cpu hierarchy, and v2.
struct CgroupLocation {
  bool v2 = false;
  std::string path;
};

/// Those of a /proc/PID/cgroup file, cut to the container's own cgroup.
std::vector<CgroupLocation> Locations(std::string_view cgroup_file, std::string_view container_id) {
  std::vector<CgroupLocation> locations;
  for (const auto& line : ParseCgroupFile(cgroup_file)) {
    const bool v2 = line.controllers.empty();
    if (!v2 && !HasController(line.controllers, "cpu")) {
      continue;
    }
    const auto own = ContainerCgroup(line.path, container_id);
    locations.push_back({v2, std::string(own.empty() ? line.path : own)});
  }
  return locations;
}

/// Tries the cgroup mounts that the process `viewer` sees.
Result<CpuStat> ReadThrough(const std::string& viewer,
                            const std::vector<CgroupLocation>& locations,
                            const std::string& proc_root) {
  const auto mounts = ReadCgroupMounts(proc_root + "/" + viewer);
  if (!mounts) {
    return mounts.error();
  }
  Result<CpuStat> stat = Error{"no mounted cgroup hierarchy shows its cgroup", 0};
  const std::string root = proc_root + "/" + viewer + "/root";
  for (const auto& location : locations) {
    for (auto path : CpuStatPaths(*mounts, location.v2, location.path)) {
      const auto text = ReadFile(path.insert(0, root));
      stat = text ? ParseCpuStat(*text) : text.error();
      if (stat) {
        return stat;
      }
    }
  }
  return stat;
}

/// PID 1 sees all of the node's hierarchies. A process's own mounts show its own cgroup even where
/// the reader's cgroup namespace hides the way from the root.
Result<CpuStat> ReadCpuStat(const std::string& process,
                            std::string_view container_id,
                            const std::string& proc_root) {
  const auto cgroup = ReadFile(proc_root + "/" + process + "/cgroup");
  if (!cgroup) {
    return cgroup.error();
  }
  const auto locations = Locations(*cgroup, container_id);
  auto by_node = ReadThrough("1", locations, proc_root);
  if (by_node) {
    return by_node;
  }
  auto by_itself = ReadThrough(process, locations, proc_root);
  return by_itself ? by_itself : by_node;
}

Fact ToFact(const std::string& subject, protocol::Moment moment, const Result<CpuStat>& stat) {
  if (!stat) {
    return protocol::Unavailable{moment,
                                 protocol::Where::kNode,
                                 "cpu.stat " + subject,
                                 stat.error().message,
                                 stat.error().error_number};
  }
  return protocol::CpuThrottling{
      moment, subject, stat->periods, stat->throttled_periods, stat->throttled_us};
}

}  // namespace

std::vector<Fact> ReadCpuThrottling(const protocol::TargetState& target,
                                    protocol::Moment moment,
                                    const std::string& proc_root) {
  std::vector<Fact> facts;
  facts.push_back(ToFact("probe", moment, ReadCpuStat("self", "", proc_root)));
  for (const auto& container : target.containers) {
    if (container.running) {
      const auto stat =
          ReadCpuStat(std::to_string(container.pid), StripRuntime(container.id), proc_root);
      facts.push_back(ToFact(container.name, moment, stat));
    }
  }
  return facts;
}

}  // namespace netcheck::probe
