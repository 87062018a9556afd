"""A node in a virtual machine, joined to the embedded cluster: its own kernel, and kube-proxy with IPVS.

    with VmNode() as node:
        node.run("sysctl ...")

It is Ready on entering, and gone from the cluster on leaving.
"""

import contextlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "vm"))

import harness
from embedded import control_plane, images, node_configuration, workloads
from embedded.addresses import LinkNetwork
from embedded.certificates import Authority, Issued
from embedded.cluster import TESTSERVER_IMAGE
from virtual.vm import Cable, Vm

NAME = "node-vm"
POSITION = 50
"""Among the nodes; far behind those that `up` can start."""
TAP = "node-vm"
PAYLOAD = Path("/payload")
"""Where the machine has what `_stage` prepares."""
READY_SECONDS = 600
"""Emulated, on a busy machine; half a minute on an idle one."""


class VmNode:
    def __init__(self, image: str, binary: Path) -> None:
        """The node gets the test server's image, and one more of a static binary."""
        self._images = {image: binary}
        self._resources = contextlib.ExitStack()

    def __enter__(self) -> "VmNode":
        record = harness.cluster()
        self._link = LinkNetwork(record.network)
        self._authority = Authority(harness.layout().certificates)
        with contextlib.ExitStack() as resources:
            # One that a killed run has left would still be called Ready.
            forget = ("delete", "node", NAME, "--ignore-not-found")
            harness.kubectl(*forget)
            resources.callback(harness.kubectl, *forget)
            harness.apply(node_configuration.node(NAME, POSITION))
            # Among the hosts' folders, which `down` removes.
            hosts = harness.layout().host(NAME).parent
            folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix=f"{NAME}-", dir=hosts)))
            self._stage(folder)
            center = harness.host(control_plane.NAME)
            cable = Cable(Path(f"/proc/{center.init.pid}/ns/net"), TAP)
            self.vm = resources.enter_context(Vm(memory_mib=1280, payload=folder, cable=cable))
            self.vm.wait_ready()
            center.ip([f"link set {TAP} master br0 up"])
            self._start()
            self._resources = resources.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def run(self, script: str, seconds: float = 60) -> str:
        """The output of a shell script on the node; its failure is the test's."""
        done = self.vm.run(["bash", "-euo", "pipefail", "-c", script], seconds)
        if done.exit_code != 0:
            raise AssertionError(f"{script}: exit code {done.exit_code}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode()

    def _stage(self, folder: Path) -> None:
        for program in ("kubelet", "kube-proxy"):
            shutil.copy(harness.layout().programs / program, folder)
        pods = workloads.build()
        contents = {node_configuration.SANDBOX_IMAGE: pods / "pause", TESTSERVER_IMAGE: pods / "testserver"}
        for number, (reference, binary) in enumerate({**contents, **self._images}.items()):
            (folder / f"image-{number}.tar").write_bytes(images.archive(reference, binary))
        (folder / "cni").mkdir()
        (folder / "cni/10-netcheck.conflist").write_text(node_configuration.pod_network(POSITION))
        (folder / "containerd.toml").write_text(node_configuration.containerd(PAYLOAD / "cni"))
        self._stage_certificates(folder)
        serving = Issued(PAYLOAD / "serving.crt", PAYLOAD / "serving.key")
        (folder / "kubelet.json").write_text(
            node_configuration.kubelet(
                address=self._link.node(POSITION)[0],
                authority=PAYLOAD / "ca.crt",
                serving=serving,
                cgroup="/",
                resolver=Path("/etc/resolv.conf"),
                static_pods=Path("/run/static-pods"),
            )
        )
        # A shorter syncPeriod than usual: kube-proxy sees a new local address, the pods' bridge for one, at a full sync.
        ipvs = {"mode": "ipvs", "ipvs": {"scheduler": "rr", "syncPeriod": "10s", "minSyncPeriod": "1s"}}
        kubeconfig = PAYLOAD / "kube-proxy.kubeconfig"
        (folder / "kube-proxy.json").write_text(node_configuration.kube_proxy(NAME, kubeconfig, ipvs))

    def _stage_certificates(self, folder: Path) -> None:
        issue, server = self._authority.issue, self._link.server
        serving = issue(f"kubelet-{NAME}-serving", f"system:node:{NAME}", "", (NAME, *self._link.node(POSITION)))
        shutil.copy(self._authority.certificate, folder / "ca.crt")
        shutil.copy(serving.certificate, folder / "serving.crt")
        shutil.copy(serving.key, folder / "serving.key")
        for program, user, group in (
            ("kubelet", f"system:node:{NAME}", "system:nodes"),
            ("kube-proxy", "system:kube-proxy", ""),
        ):
            client = issue(f"{program}-{NAME}", user, group)
            self._authority.kubeconfig(folder / f"{program}.kubeconfig", server, user, client)

    def _start(self) -> None:
        (v4, v6), gateways = self._link.node(POSITION), self._link.control_plane
        try:
            self.run(
                f"""
                hostname {NAME}
                ip address add {v4}/24 dev eth0
                ip address add {v6}/64 dev eth0 nodad
                ip link set eth0 up
                for gateway in {' '.join(gateways)}; do ip route add default via $gateway; done
                mkdir /run/static-pods
                setsid containerd --config {PAYLOAD}/containerd.toml >/var/log/containerd.log 2>&1 &
                ctr="ctr --address {images.CONTAINERD}"
                timeout 120 bash -c "until $ctr version; do sleep 0.2; done" >/dev/null 2>&1
                for image in {PAYLOAD}/image-*.tar; do $ctr --namespace k8s.io images import $image; done
                setsid {PAYLOAD}/kubelet --config={PAYLOAD}/kubelet.json --kubeconfig={PAYLOAD}/kubelet.kubeconfig \
                  --hostname-override={NAME} --node-ip={v4},{v6} >/var/log/kubelet.log 2>&1 &
                setsid {PAYLOAD}/kube-proxy --config={PAYLOAD}/kube-proxy.json >/var/log/kube-proxy.log 2>&1 &
                timeout 120 bash -c "until pgrep -x kubelet && pgrep -x kube-proxy; do sleep 0.2; done"
                """,
                READY_SECONDS,
            )
            harness.kubectl(
                "wait", "--for=condition=Ready", f"node/{NAME}", f"--timeout={READY_SECONDS}s", seconds=READY_SECONDS + 10
            )
        except (AssertionError, subprocess.TimeoutExpired) as error:
            raise AssertionError(f"{error}\n{self.logs()}") from error

    def logs(self) -> str:
        """The last words of the node's programs."""
        return self.run("tail -n 15 /var/log/*.log")
