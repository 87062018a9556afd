"""A node: containerd, kubelet and kube-proxy on a host of their own."""

import subprocess
from pathlib import Path

from . import images, node_configuration, processes, steps
from .addresses import LinkNetwork
from .certificates import Authority
from .errors import ClusterError
from .host import Host
from .layout import Layout

PROGRAMS = ("containerd", "kubelet", "kube-proxy")
CONTAINERD_SECONDS = 30


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
        return node_configuration.node(self.host.name, self.position)

    def start_containerd(self, pause: Path) -> None:
        """Starts containerd and gives it the image that every pod's sandbox is made of."""
        configuration = self._folder / "containerd.toml"
        networks = self._folder / "cni"
        networks.mkdir()
        (networks / "10-netcheck.conflist").write_text(node_configuration.pod_network(self.position))
        configuration.write_text(node_configuration.containerd(networks))
        log = self._layout.log(self.host.name, "containerd")
        self.host.start(log, ["containerd", "--config", configuration])
        try:
            processes.wait_until(self._containerd_answers, CONTAINERD_SECONDS, "it does not answer")
        except ClusterError as error:
            raise steps.failure(f"starting containerd on {self.host.name}", str(error), log) from error
        images.load(self.host, images.archive(node_configuration.SANDBOX_IMAGE, pause))

    def _containerd_answers(self) -> bool:
        command = self.host.enter(["ctr", "--address", images.CONTAINERD, "version"])
        return subprocess.run(command, capture_output=True, cwd="/", check=False).returncode == 0

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
        written = self._folder / "kubelet.json"
        written.write_text(
            node_configuration.kubelet(
                address=v4,
                authority=self._authority.certificate,
                serving=serving,
                cgroup=f"/{cgroup}/{name}",
                resolver=resolver,
                static_pods=static_pods,
            )
        )
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
        # Without br_netfilter an answer would take the short way over the bridge, past its translation. Loading the
        # module is no way out: it would change how the machine's own bridges work.
        bridged = Path("/proc/sys/net/bridge").exists()
        written = self._folder / "kube-proxy.json"
        iptables = {"mode": "iptables", "iptables": {"masqueradeAll": not bridged}}
        written.write_text(node_configuration.kube_proxy(name, kubeconfig, iptables))
        log = self._layout.log(name, "kube-proxy")
        self.host.start(log, [self._layout.programs / "kube-proxy", f"--config={written}"])
