#pragma once

#include <string>
#include <vector>

#include "protocol/facts.h"
#include "protocol/plan.h"
#include "sys/unique_fd.h"

namespace netcheck::probe {

/// The target's processes and its network namespace, held open so that it outlives them.
struct FoundTarget {
  protocol::TargetState state;
  UniqueFd pod_netns;  ///< Invalid when not found, or when it is the probe's own namespace.
};

/// Finds the pod's processes by the pod UID and container IDs in /proc/PID/cgroup (cgroup v1 and
/// v2, systemd and cgroupfs drivers, containerd, CRI-O, dockershim and cri-dockerd), and from one
/// of them the network namespace: a listed container's, else the sandbox's. Of several the one
/// that has the pod's IP is taken. Never fails: what went wrong is in `state.reason`; with
/// `state.found` it says that no namespace had the pod's IP.
/// The node itself (protocol::Target) is found at once.
/// A hostNetwork pod is found without any process: its namespace is the probe's own.
/// With `target.pid` nothing is searched for, and that process stands for each container.
/// `proc_root` is "/proc" except in tests.
FoundTarget FindTarget(const protocol::Target& target,
                       protocol::Moment moment,
                       const std::string& proc_root = "/proc");

/// cpu.stat of the target's running containers and of the probe itself ("probe"), or "cpu.stat
/// SUBJECT" as Unavailable. It is read through the mounts of PID 1 (/proc/1/root): the probe's pod
/// mounts nothing of the node.
std::vector<protocol::Fact> ReadCpuThrottling(const protocol::TargetState& target,
                                              protocol::Moment moment,
                                              const std::string& proc_root = "/proc");

}  // namespace netcheck::probe
