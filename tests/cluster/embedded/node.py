"""A node: containerd, kubelet and kube-proxy on a host of their own."""

import json
import subprocess
from pathlib import Path

from . import addresses, images, processes, steps
from .addresses import LinkNetwork
from .certificates import Authority
from .errors import ClusterError
from .host import Host
from .layout import Layout

PROGRAMS = ("containerd", "kubelet", "kube-proxy")
SANDBOX_IMAGE = "netcheck.test/pause:1"
NETWORK_PLUGINS = "/usr/lib/cni"
CONTAINERD_SECONDS = 30

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


class Node:
    """One node, while it is being started."""

    def __init__(self, host: Host, position: int, layout: Layout, network: LinkNetwork, authority: Authority) -> None:
        self.host = host
        self.position = position
        self._layout = layout
        self._network = network
        self._authority = authority
        self._folder = layout.host(host.name)

    def object(self) -> dict:
        """The Node object. kubelet would create one too, but without the pods' networks."""
        networks = addresses.pod_networks(self.position)
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self.host.name},
            "spec": {"podCIDR": networks[0], "podCIDRs": list(networks)},
        }

    def start_containerd(self, pause: Path) -> None:
        """Starts containerd and gives it the image that every pod's sandbox is made of."""
        configuration = self._folder / "containerd.toml"
        networks = self._folder / "cni"
        networks.mkdir()
        (networks / "10-netcheck.conflist").write_text(json.dumps(self._pod_network(), indent=1))
        configuration.write_text(
            CONTAINERD_CONFIGURATION.format(
                socket=images.CONTAINERD,
                sandbox_image=SANDBOX_IMAGE,
                network_plugins=NETWORK_PLUGINS,
                network_configuration=networks,
            )
        )
        log = self._layout.log(self.host.name, "containerd")
        self.host.start(log, ["containerd", "--config", configuration])
        try:
            processes.wait_until(self._containerd_answers, CONTAINERD_SECONDS, "it does not answer")
        except ClusterError as error:
            raise steps.failure(f"starting containerd on {self.host.name}", str(error), log) from error
        images.load(self.host, images.archive(SANDBOX_IMAGE, pause))

    def _containerd_answers(self) -> bool:
        command = self.host.enter(["ctr", "--address", images.CONTAINERD, "version"])
        return subprocess.run(command, capture_output=True, cwd="/", check=False).returncode == 0

    def _pod_network(self) -> dict:
        ranges = [[{"subnet": network}] for network in addresses.pod_networks(self.position)]
        return {
            "cniVersion": "0.4.0",
            "name": "netcheck",
            "plugins": [
                {
                    "type": "bridge",
                    "bridge": "cni0",
                    "isGateway": True,
                    "hairpinMode": True,
                    "ipam": {
                        "type": "host-local",
                        "ranges": ranges,
                        "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}],
                    },
                },
                {"type": "portmap", "capabilities": {"portMappings": True}},
            ],
        }

    def start_kubernetes(self, cgroup: str) -> None:
        """Starts kubelet and kube-proxy."""
        self._start_kubelet(cgroup)
        self._start_kube_proxy()

    def _start_kubelet(self, cgroup: str) -> None:
        name = self.host.name
        v4, v6 = self._network.node(self.position)
        client = self._authority.issue(f"kubelet-{name}", f"system:node:{name}", "system:nodes")
        serving = self._authority.issue(f"kubelet-{name}-serving", f"system:node:{name}", "", (name, v4, v6))
        kubeconfig = self._folder / "kubelet.kubeconfig"
        self._authority.kubeconfig(kubeconfig, self._network.server, name, client)
        # No name server can be reached from here. An empty file makes a pod's look-ups fail at once.
        resolver = self._folder / "resolv.conf"
        resolver.touch()
        static_pods = self._folder / "static-pods"
        static_pods.mkdir()
        configuration = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": v4,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(self._authority.certificate)},
            },
            "authorization": {"mode": "Webhook"},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{cgroup}/{name}",
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
        written = self._folder / "kubelet.json"
        written.write_text(json.dumps(configuration, indent=1))
        self.host.start(
            self._layout.log(name, "kubelet"),
            [
                self._layout.programs / "kubelet",
                f"--config={written}",
                f"--kubeconfig={kubeconfig}",
                f"--hostname-override={name}",
                f"--node-ip={v4},{v6}",
            ],
        )

    def _start_kube_proxy(self) -> None:
        name = self.host.name
        client = self._authority.issue(f"kube-proxy-{name}", "system:kube-proxy")
        kubeconfig = self._folder / "kube-proxy.kubeconfig"
        self._authority.kubeconfig(kubeconfig, self._network.server, "kube-proxy", client)
        configuration = {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "iptables",
            "clientConnection": {"kubeconfig": str(kubeconfig)},
            "clusterCIDR": ",".join(addresses.POD_NETWORKS),
            "hostnameOverride": name,
            # Without br_netfilter an answer would take the short way over the bridge, past its translation. Loading
            # the module is no way out: it would change how the machine's own bridges work.
            "iptables": {"masqueradeAll": not Path("/proc/sys/net/bridge").exists()},
            # Zero leaves the machine's connection tracking as it is.
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpCloseWaitTimeout": "0s", "tcpEstablishedTimeout": "0s"},
        }
        written = self._folder / "kube-proxy.json"
        written.write_text(json.dumps(configuration, indent=1))
        log = self._layout.log(name, "kube-proxy")
        self.host.start(log, [self._layout.programs / "kube-proxy", f"--config={written}"])
