#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/plan.h"
#include "protocol/result.h"
#include "target/process_stat.h"

namespace netcheck::probe {

struct Process {
  std::int64_t pid = 0;
  std::uint64_t start_ticks = 0;
};

/// The oldest live process of each part of a pod: that is the one the runtime started, whatever it
/// has forked since.
struct PodProcesses {
  std::vector<std::optional<Process>> containers;  ///< In the order of the target's containers.
  /// Of a container in the pod's cgroup that the target does not list: the sandbox ("pause").
  std::optional<Process> sandbox;
};

/// /proc/PID/stat of that process; nullopt when it is gone.
std::optional<ProcessStat> ReadProcessStat(std::int64_t pid, const std::string& proc_root);

/// Searches all processes once. Fails when `proc_root` can't be listed.
protocol::Result<PodProcesses> FindPodProcesses(const protocol::Target& target,
                                                const std::string& proc_root);

}  // namespace netcheck::probe
