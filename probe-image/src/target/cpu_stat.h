#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/result.h"
#include "target/cgroup_mount.h"

// CFS bandwidth statistics and where they are found. Pure.
namespace netcheck::probe {

struct CpuStat {
  std::int64_t periods = 0;            ///< nr_periods: with a limit, and work to do.
  std::int64_t throttled_periods = 0;  ///< nr_throttled
  std::int64_t throttled_us = 0;       ///< throttled_usec (v2), or throttled_time (v1) / 1000
};

/// cpu.stat of cgroup v1 (kernel/sched/core.c, cpu_cfs_stat_show) or v2 (cpu_extra_stat_show).
/// Fails when it has no bandwidth statistics: a v2 cgroup without the cpu controller.
protocol::Result<CpuStat> ParseCpuStat(std::string_view text);

/// The paths of cpu.stat below the root of that mount namespace which could be that of the cgroup
/// at `path` of the v1 cpu hierarchy or of v2. Cgroups outside of a mount have none: "/../x" where
/// the reader's cgroup namespace hides the way.
std::vector<std::string> CpuStatPaths(const std::vector<CgroupMount>& mounts,
                                      bool v2,
                                      std::string_view path);

}  // namespace netcheck::probe
