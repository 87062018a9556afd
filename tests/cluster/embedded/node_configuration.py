"""What containerd, the pod network's plugins, kubelet and kube-proxy of a node are told."""

import json
from pathlib import Path
from typing import Any

from . import addresses, images
from .certificates import Issued

SANDBOX_IMAGE = "netcheck.test/pause:1"
NETWORK_PLUGINS = "/usr/lib/cni"

# restrict_oom_score_adj: without CAP_SYS_RESOURCE a sandbox could not get the score that it asks for.
# disable_apparmor: the profile would be loaded into the machine's kernel and stay there.
# netns_mounts_under_state_dir: the pods' network namespaces go with the host.
CONTAINERD_CONFIGURATION = """version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{sandbox_image}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  disable_hugetlb_controller = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{network_plugins}"
    conf_dir = "{network_configuration}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
"""


def node(name: str, position: int) -> dict[str, Any]:
    """The Node object. kubelet would create one too, but without the pods' networks."""
    networks = addresses.pod_networks(position)
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "spec": {"podCIDR": networks[0], "podCIDRs": list(networks)},
    }


def containerd(network_configuration: Path) -> str:
    return CONTAINERD_CONFIGURATION.format(
        socket=images.CONTAINERD,
        sandbox_image=SANDBOX_IMAGE,
        network_plugins=NETWORK_PLUGINS,
        network_configuration=network_configuration,
    )


def pod_network(position: int) -> str:
    ranges = [[{"subnet": network}] for network in addresses.pod_networks(position)]
    routes = [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "hairpinMode": True,
        "ipam": {"type": "host-local", "ranges": ranges, "routes": routes},
    }
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    return _text({"cniVersion": "0.4.0", "name": "netcheck", "plugins": [bridge, portmap]})


def kubelet(
    *, address: str, authority: Path, serving: Issued, cgroup: str, resolver: Path, static_pods: Path
) -> str:
    """Certificates and files are named as the node sees them."""
    return _text(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": address,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(authority)},
            },
            "authorization": {"mode": "Webhook"},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": cgroup,
            "clusterDNS": [addresses.DNS_SERVICE],
            "clusterDomain": "cluster.local",
            "containerRuntimeEndpoint": f"unix://{images.CONTAINERD}",
            "enforceNodeAllocatable": [],
            "evictionHard": {"imagefs.available": "0%", "memory.available": "0%", "nodefs.available": "0%"},
            "failCgroupV1": False,
            "failSwapOn": False,
            # Imported images can't be pulled again.
            "imageGCHighThresholdPercent": 100,
            "localStorageCapacityIsolation": False,
            # Tests deploy many at once, while others of before are still going.
            "maxPods": 220,
            "resolvConf": str(resolver),
            "staticPodPath": str(static_pods),
            "tlsCertFile": str(serving.certificate),
            "tlsPrivateKeyFile": str(serving.key),
            "volumePluginDir": "/var/lib/kubelet/volume-plugins",
        }
    )


def kube_proxy(name: str, kubeconfig: Path, mode: dict[str, Any]) -> str:
    """`mode` is the field of that name with the fields that belong to it."""
    return _text(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": str(kubeconfig)},
            "clusterCIDR": ",".join(addresses.POD_NETWORKS),
            "hostnameOverride": name,
            # Zero leaves the machine's connection tracking as it is.
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpCloseWaitTimeout": "0s", "tcpEstablishedTimeout": "0s"},
            **mode,
        }
    )


def _text(configuration: dict[str, Any]) -> str:
    return json.dumps(configuration, indent=1)
