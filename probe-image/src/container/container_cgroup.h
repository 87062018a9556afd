#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/result.h"
#include "sys/unique_fd.h"

namespace netcheck::probe {

/// cgroup.procs of every cgroup that the process is in and this one is not, opened for writing
/// through the mounts of PID 1, else this process's: whoever writes "0" there joins (cgroups(7)).
/// Fails where one of them is not to be had: a command outside of its container's limits would tell
/// nothing.
protocol::Result<std::vector<UniqueFd>> OpenCgroupsOf(std::int64_t pid,
                                                      const std::string& proc_root = "/proc");

}  // namespace netcheck::probe
