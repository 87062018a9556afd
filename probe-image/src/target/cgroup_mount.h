#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/result.h"
#include "target/cgroup_path.h"

// Where the folders of cgroups are found. Pure but for ReadCgroupMounts.
namespace netcheck::probe {

/// A mounted cgroup hierarchy.
struct CgroupMount {
  bool v2 = false;
  std::string options;      ///< Of the hierarchy: "rw,cpu,cpuacct" of v1.
  std::string root;         ///< The cgroup that is seen at the mount point.
  std::string mount_point;  ///< In the mount namespace whose mountinfo was read.
};

/// Those of /proc/PID/mountinfo (proc_pid_mountinfo(5)).
std::vector<CgroupMount> ParseCgroupMounts(std::string_view mountinfo);

/// Those that a process sees, whose folder below /proc this is.
protocol::Result<std::vector<CgroupMount>> ReadCgroupMounts(const std::string& process);

/// The folders below the root of that mount namespace which could be that of the cgroup, which is
/// named by a line of /proc/PID/cgroup, or by one of its controllers. Cgroups outside of a mount
/// have none: "/../x" where the reader's cgroup namespace hides the way.
std::vector<std::string> CgroupFolders(const std::vector<CgroupMount>& mounts,
                                       const CgroupLine& cgroup);

}  // namespace netcheck::probe
