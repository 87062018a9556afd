#pragma once

#include <string>
#include <string_view>
#include <vector>

// What /proc/PID/cgroup tells about the pod and container of a process. Pure.
//
// Paths are those of pkg/kubelet/cm/cgroup_manager_linux.go with the runtime's own last component,
// below any prefix (--cgroup-root, kind, k3s, "/../.." of another cgroup namespace), so components
// are looked for anywhere and never at a fixed depth:
//   /kubepods/burstable/podUID/ID                                            cgroupfs driver
//   /kubepods.slice/kubepods-podU_I_D.slice/cri-containerd-ID.scope          systemd driver
//   ... crio-ID(.scope), docker-ID.scope, libpod-ID(.scope), SLICE:cri-containerd:ID
namespace netcheck::probe {

/// One line of /proc/PID/cgroup (cgroups(7)): "4:cpu,cpuacct:/path" or "0::/path".
struct CgroupLine {
  std::string_view controllers;  ///< "" for cgroup v2.
  std::string_view path;
};

/// The lines of the file; malformed ones and those of deleted cgroups are left out.
std::vector<CgroupLine> ParseCgroupFile(std::string_view text);

/// Whether one of the comma-separated `controllers` is `name`.
bool HasController(std::string_view controllers, std::string_view name);

/// Whether `path` is inside the cgroup of the pod with that UID, written with dashes as in
/// metadata.uid, or without as in kubernetes.io/config.hash.
bool IsInPod(std::string_view path, std::string_view pod_uid);

/// The UID of the pod whose container's cgroup `path` is inside of, a UUID with dashes however it
/// is written there, or the 32 hexadecimal digits of a static pod; "" when it is in none.
std::string PodIn(std::string_view path);

/// Whether `path` is inside the cgroup of the container with that ID (without "containerd://").
/// A container's monitor (crio-conmon-ID) is not inside: it runs in the node's namespaces.
bool IsInContainer(std::string_view path, std::string_view container_id);

/// The cgroup of that container itself: `path` without what an init system inside the container
/// added below; "" when `path` is not inside.
std::string_view ContainerCgroup(std::string_view path, std::string_view container_id);

/// The first container ID (64 hexadecimal digits) of the path; "" when there is none, or only a
/// monitor's.
std::string_view ContainerIn(std::string_view path);

/// Likewise of what is below the pod's cgroup.
std::string_view ContainerBelowPod(std::string_view path, std::string_view pod_uid);

/// The ID of `status.containerStatuses[].containerID`, "containerd://ID" → "ID".
std::string_view StripRuntime(std::string_view container_id);

}  // namespace netcheck::probe
