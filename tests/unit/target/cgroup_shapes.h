#pragma once

#include <string>
#include <vector>

// /proc/PID/cgroup as each kubelet driver and runtime leaves it. {POD} stands for the UID as the
// driver writes it, {APP}, {PAUSE} and {OTHER} for container IDs.
namespace netcheck::test {

struct CgroupShape {
  std::string name;
  std::string pod_uid;  ///< As in metadata.uid or kubernetes.io/config.hash.
  std::string app;      ///< Of a process of the app container.
  std::string sandbox;  ///< Of the pause process; "" where a pod has none or it can't be told.
  std::string monitor;  ///< Of a process that names the app's ID but isn't in its namespaces.
};

inline const std::string kUid = "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0";
inline const std::string kStaticUid = "8f2a4c6e0b1d3f5a7c9e1b3d5f7a9c1e";
inline const std::string kAppId(64, 'a');
inline const std::string kPauseId(64, 'b');
inline const std::string kOtherId(64, 'c');

inline std::string Expand(std::string text, const std::string& uid) {
  std::string escaped = uid;
  for (char& c : escaped) {
    c = c == '-' ? '_' : c;
  }
  const std::vector<std::pair<std::string, std::string>> values = {{"{POD}", uid},
                                                                   {"{P_O_D}", escaped},
                                                                   {"{APP}", kAppId},
                                                                   {"{PAUSE}", kPauseId},
                                                                   {"{OTHER}", kOtherId}};
  for (const auto& [name, value] : values) {
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
      text.replace(at, name.size(), value);
      at += value.size();
    }
  }
  return text;
}

/// All hierarchies of a cgroup v1 node at one path.
inline std::string V1(const std::string& path) {
  return "11:cpuset:" + path + "\n10:net_cls,net_prio:" + path + "\n4:cpu,cpuacct:" + path +
         "\n2:pids:" + path + "\n1:name=systemd:" + path + "\n";
}

inline std::string V2(const std::string& path) {
  return "0::" + path + "\n";
}

inline std::vector<CgroupShape> CgroupShapes() {
  const std::string slice =
      "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{P_O_D}.slice";
  const std::string nested =
      "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
      "kubelet-kubepods-besteffort-pod{P_O_D}.slice";
  return {
      {"containerd, cgroupfs, v1",
       kUid,
       V1("/kubepods/burstable/pod{POD}/{APP}"),
       V1("/kubepods/burstable/pod{POD}/{PAUSE}"),
       ""},
      {"containerd, cgroupfs, v2, guaranteed",
       kUid,
       V2("/kubepods/pod{POD}/{APP}"),
       V2("/kubepods/pod{POD}/{PAUSE}"),
       ""},
      {"containerd, systemd, v1",
       kUid,
       V1(slice + "/cri-containerd-{APP}.scope"),
       V1(slice + "/cri-containerd-{PAUSE}.scope"),
       ""},
      {"containerd, systemd, v2",
       kUid,
       V2(slice + "/cri-containerd-{APP}.scope"),
       V2(slice + "/cri-containerd-{PAUSE}.scope"),
       ""},
      {"containerd, systemd, v2, guaranteed",
       kUid,
       V2("/kubepods.slice/kubepods-pod{P_O_D}.slice/cri-containerd-{APP}.scope"),
       V2("/kubepods.slice/kubepods-pod{P_O_D}.slice/cri-containerd-{PAUSE}.scope"),
       ""},
      {"containerd, cgroupfs path below a systemd slice",
       kUid,
       V1("/system.slice/kubepods-burstable-pod{P_O_D}.slice:cri-containerd:{APP}"),
       V1("/system.slice/kubepods-burstable-pod{P_O_D}.slice:cri-containerd:{PAUSE}"),
       ""},
      {"containerd, hybrid: v2 says nothing",
       kUid,
       V1("/kubepods/besteffort/pod{POD}/{APP}") + V2("/system.slice/containerd.service"),
       V1("/kubepods/besteffort/pod{POD}/{PAUSE}") + V2("/"),
       ""},
      {"containerd, an init system inside the container",
       kUid,
       V2(slice + "/cri-containerd-{APP}.scope/init.scope"),
       V2(slice + "/cri-containerd-{PAUSE}.scope"),
       ""},
      {"CRI-O, systemd, v2",
       kUid,
       V2(slice + "/crio-{APP}.scope"),
       V2(slice + "/crio-{PAUSE}.scope"),
       V2(slice + "/crio-conmon-{APP}.scope")},
      {"CRI-O, cgroupfs, v1, monitor right in the pod's cgroup",
       kUid,
       V1("/kubepods/burstable/pod{POD}/crio-{APP}"),
       V1("/kubepods/burstable/pod{POD}/crio-{PAUSE}"),
       V1("/kubepods/burstable/pod{POD}")},
      {"CRI-O, no infra container",
       kUid,
       V2(slice + "/crio-{APP}.scope/container"),
       "",
       V2(slice + "/crio-conmon-{PAUSE}.scope")},
      {"dockershim, cgroupfs, v1",
       kUid,
       V1("/kubepods/besteffort/pod{POD}/{APP}"),
       V1("/kubepods/besteffort/pod{POD}/{PAUSE}"),
       ""},
      {"cri-dockerd, systemd, v2",
       kUid,
       V2(slice + "/docker-{APP}.scope"),
       V2(slice + "/docker-{PAUSE}.scope"),
       ""},
      {"podman",
       kUid,
       V2(slice + "/libpod-{APP}.scope"),
       V2(slice + "/libpod-{PAUSE}.scope"),
       V2(slice + "/libpod-conmon-{APP}.scope")},
      {"static pod, cgroupfs",
       kStaticUid,
       V1("/kubepods/burstable/pod{POD}/{APP}"),
       V1("/kubepods/burstable/pod{POD}/{PAUSE}"),
       ""},
      {"static pod, systemd",
       kStaticUid,
       V2(slice + "/cri-containerd-{APP}.scope"),
       V2(slice + "/cri-containerd-{PAUSE}.scope"),
       ""},
      {"kind: below the node's own container",
       kUid,
       V2("/system.slice/docker-{OTHER}.scope" + nested + "/cri-containerd-{APP}.scope"),
       V2("/system.slice/docker-{OTHER}.scope" + nested + "/cri-containerd-{PAUSE}.scope"),
       ""},
      {"k3s: below a service",
       kUid,
       V1("/system.slice/k3s.service/kubepods/burstable/pod{POD}/{APP}"),
       V1("/system.slice/k3s.service/kubepods/burstable/pod{POD}/{PAUSE}"),
       ""},
      {"seen from another pod's cgroup namespace",
       kUid,
       V2("/../../kubepods-burstable-pod{P_O_D}.slice/cri-containerd-{APP}.scope"),
       V2("/../../kubepods-burstable-pod{P_O_D}.slice/cri-containerd-{PAUSE}.scope"),
       ""},
      {"seen from the same pod's cgroup namespace",
       kUid,
       V2("/../cri-containerd-{APP}.scope"),
       "",
       V2("/../cri-containerd-{PAUSE}.scope")},
  };
}

}  // namespace netcheck::test
