"""The control plane: etcd, kube-apiserver, kube-controller-manager and kube-scheduler on a host of their own."""

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path

from . import addresses, processes, steps
from .addresses import LinkNetwork
from .certificates import Authority, Issued
from .errors import ClusterError
from .host import Host
from .layout import Layout

NAME = "control-plane"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
READY_SECONDS = 60


def start_api_server(host: Host, layout: Layout, network: LinkNetwork, authority: Authority, accounts: Issued) -> None:
    """Starts etcd and kube-apiserver; both retry until the other side is there."""
    data = layout.host(NAME) / "etcd"
    url = "http://127.0.0.1:2379"
    host.start(
        layout.log(NAME, "etcd"),
        [
            "etcd",
            f"--data-dir={data}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            "--listen-peer-urls=http://127.0.0.1:2380",
            "--unsafe-no-fsync",
        ],
    )
    v4, v6 = network.control_plane
    names = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost", "127.0.0.1")
    serving = authority.issue("kube-apiserver", "kube-apiserver", addresses=(*names, v4, v6, addresses.API_SERVICE))
    kubelet_client = authority.issue("kube-apiserver-kubelet-client", "kube-apiserver-kubelet-client")
    host.start(
        layout.log(NAME, "kube-apiserver"),
        [
            layout.programs / "kube-apiserver",
            f"--advertise-address={v4}",
            f"--bind-address={v4}",
            f"--secure-port={addresses.API_PORT}",
            f"--etcd-servers={url}",
            "--allow-privileged=true",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            f"--service-cluster-ip-range={','.join(addresses.SERVICE_NETWORKS)}",
            f"--client-ca-file={authority.certificate}",
            f"--tls-cert-file={serving.certificate}",
            f"--tls-private-key-file={serving.key}",
            f"--kubelet-certificate-authority={authority.certificate}",
            f"--kubelet-client-certificate={kubelet_client.certificate}",
            f"--kubelet-client-key={kubelet_client.key}",
            "--kubelet-preferred-address-types=InternalIP",
            # Nobody gets a certificate of this name. Without the two, every client of this server logs their absence.
            "--requestheader-allowed-names=front-proxy",
            f"--requestheader-client-ca-file={authority.certificate}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={accounts.certificate}",
            f"--service-account-signing-key-file={accounts.key}",
        ],
    )


def answers(network: LinkNetwork, certificate_authority: Path) -> bool:
    """Whether the API server calls itself ready."""
    context = ssl.create_default_context(cafile=str(certificate_authority))
    direct = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with direct.open(f"{network.server}/readyz", timeout=5) as response:
            return response.status == 200
    except (OSError, urllib.error.URLError):
        return False


def wait_until_ready(host: Host, layout: Layout, network: LinkNetwork, authority: Authority) -> None:
    def ready_or_dead() -> bool:
        return answers(network, authority.certificate) or not host.program("kube-apiserver")

    log = layout.log(NAME, "kube-apiserver")
    try:
        processes.wait_until(ready_or_dead, READY_SECONDS, "it does not get ready")
    except ClusterError as error:
        raise steps.failure("starting kube-apiserver", str(error), log) from error
    if not host.program("kube-apiserver"):
        raise steps.failure("starting kube-apiserver", "it ended", log)


def start_controllers(
    host: Host, layout: Layout, network: LinkNetwork, authority: Authority, accounts: Issued
) -> None:
    for program, user, options in (
        (
            "kube-controller-manager",
            "system:kube-controller-manager",
            [
                f"--cluster-cidr={','.join(addresses.POD_NETWORKS)}",
                f"--service-cluster-ip-range={','.join(addresses.SERVICE_NETWORKS)}",
                # The nodes are created with their pod networks, see node.py.
                "--allocate-node-cidrs=false",
                # It would create its default folder in the machine's /usr.
                "--flex-volume-plugin-dir=/var/lib/kubelet/volume-plugins",
                f"--root-ca-file={authority.certificate}",
                f"--service-account-private-key-file={accounts.key}",
                "--use-service-account-credentials=true",
            ],
        ),
        ("kube-scheduler", "system:kube-scheduler", []),
    ):
        kubeconfig = layout.host(NAME) / f"{program}.kubeconfig"
        authority.kubeconfig(kubeconfig, network.server, user, authority.issue(program, user))
        host.start(
            layout.log(NAME, program),
            [
                layout.programs / program,
                f"--kubeconfig={kubeconfig}",
                f"--authentication-kubeconfig={kubeconfig}",
                f"--authorization-kubeconfig={kubeconfig}",
                "--bind-address=127.0.0.1",
                "--leader-elect=false",
                *options,
            ],
        )


def kubectl(layout: Layout, *arguments: str, stdin: str = "") -> str:
    return processes.run(
        [layout.programs / "kubectl", f"--kubeconfig={layout.kubeconfig}", *arguments],
        input=stdin,
        env={"HOME": "/nonexistent", "KUBECACHEDIR": str(layout.kubectl_cache)},
    )


def create_objects(layout: Layout, nodes: list[dict]) -> None:
    """Lets the API server talk to kubelets, and creates the nodes."""
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "kube-apiserver-kubelet-client"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "system:kubelet-api-admin",
        },
        "subjects": [
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "kube-apiserver-kubelet-client"}
        ],
    }
    objects = {"apiVersion": "v1", "kind": "List", "items": [binding, *nodes]}
    kubectl(layout, "create", "-f", "-", stdin=json.dumps(objects))
