#pragma once

#include <string>
#include <vector>

#include "protocol/facts.h"
#include "protocol/plan.h"
#include "protocol/result.h"
#include "sys/unique_fd.h"

namespace netcheck::probe {

/// The target's processes and its network namespace, held open so that it outlives them.
struct FoundTarget {
  protocol::TargetState state;
  UniqueFd pod_netns;  ///< Invalid when not found, or when it is the probe's own namespace.
};

/// Finds the pod's processes by the pod UID and container IDs in /proc/PID/cgroup (cgroup v1 and
/// v2, systemd and cgroupfs drivers, containerd, CRI-O, dockershim and cri-dockerd), and from one
/// of them the network namespace. Confirms it by the pod's IP where one is given. Never fails: what
/// went wrong is in `state.reason`.
/// `proc_root` is "/proc" except in tests.
FoundTarget FindTarget(const protocol::Target& target,
                       protocol::Moment moment,
                       const std::string& proc_root = "/proc");

/// cpu.stat of the target's containers and of the probe itself, or why it can't be read.
std::vector<protocol::Fact> ReadCpuThrottling(const protocol::TargetState& target,
                                              protocol::Moment moment,
                                              const std::string& proc_root = "/proc");

}  // namespace netcheck::probe
