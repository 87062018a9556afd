"""The scenario's cluster as the plugin meets it: an API server whose probe pods run the real probe."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .commands import run
from .hosts import NODE, Container, Host, Hosts
from .scenario import ScenarioError

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cli"))
import fake_api  # noqa: E402

NAMESPACE_KINDS = {"Service": "v1", "Event": "v1", "EndpointSlice": "discovery.k8s.io/v1", "Pod": "v1"}
_LAB_FIELDS = ("run", "lines")
_STARTED = "2026-01-01T00:00:00Z"


def _status(container: Container) -> dict[str, Any]:
    return {
        "name": container.name,
        "containerID": f"containerd://{container.id}",
        "ready": True,
        "started": True,
        "restartCount": 0,
        "state": {"running": {"startedAt": _STARTED}},
    }


def pod_object(hosts: Hosts, host: Host, namespace: str, node_name: str) -> dict[str, Any]:
    family = hosts.draw.family
    addresses = [host.addresses[family]]
    if hosts.document.get("dual_stack", True):
        addresses += [address for key, address in host.addresses.items() if key != family]
    fields = hosts.document["pods"][host.name] or {}
    containers = [
        {"name": container.name, "image": "lab.test/image"}
        | {key: value for key, value in hosts.variables.fill(container.fields).items() if key not in _LAB_FIELDS}
        for container in host.containers
    ]
    metadata = {"name": host.object_name, "namespace": namespace, "uid": host.uid, "labels": host.labels}
    if owner := hosts.variables.fill(fields.get("owner") or {}):
        metadata["ownerReferences"] = [{"kind": owner["kind"], "name": owner["name"], "controller": True}]
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": metadata,
        "spec": {"nodeName": node_name, "hostNetwork": host.host_network, "containers": containers},
        "status": {
            "phase": "Running",
            "podIP": addresses[0],
            "podIPs": [{"ip": address} for address in addresses],
            "containerStatuses": [_status(container) for container in host.containers],
        },
    }


class Cluster:
    """An API server on loopback with the scenario's objects."""

    def __init__(self, hosts: Hosts, probe: Path, credentials: Path, log: Path | None = None) -> None:
        self.hosts = hosts
        self.namespace = f"team-{hosts.draw.word()}"
        self.node_name = f"node-{hosts.draw.word()}"
        hosts.variables["namespace"] = self.namespace
        hosts.variables["node"] = self.node_name
        self._probe = probe
        self._log = log
        self.api = fake_api.FakeApi(str(credentials / "certificate.pem"), str(credentials / "key.pem"))
        self.api.life = fake_api.ProbeLife(log=self._run_probe, log_status={"phase": "Succeeded"})
        self._put_objects()

    def _put_objects(self) -> None:
        core = "/api/v1/namespaces"
        for name in (self.namespace, "kube-system"):
            self.api.put(f"{core}/{name}", {"kind": "Namespace", "metadata": {"name": name}})
        self.api.put("/version", {"metadata": {}, "major": "1", "minor": "34", "gitVersion": "v1.34.4"})
        self.api.put(f"/api/v1/nodes/{self.node_name}", self._node())
        for host in self.hosts.hosts.values():
            if host.uid:
                self._put_pod(host)
        for item in self.hosts.variables.fill(self.hosts.document.get("objects") or []):
            self._put(item)

    def _node(self) -> dict[str, Any]:
        node = self.hosts.hosts[NODE]
        info = {
            "kubeletVersion": "v1.34.4",
            "kernelVersion": os.uname().release,
            "operatingSystem": "linux",
            "osImage": "Debian GNU/Linux 12 (bookworm)",
            "containerRuntimeVersion": "containerd://1.6.20",
            **(self.hosts.document.get("node") or {}),
        }
        return {
            "kind": "Node",
            "apiVersion": "v1",
            "metadata": {"name": self.node_name},
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "nodeInfo": info,
                "addresses": [{"type": "InternalIP", "address": node.addresses[self.hosts.draw.family]}],
            },
        }

    def _put_pod(self, host: Host) -> None:
        pod = pod_object(self.hosts, host, self.namespace, self.node_name)
        self.api.put(f"/api/v1/namespaces/{self.namespace}/pods/{host.object_name}", pod)

    def _put(self, item: dict[str, Any]) -> None:
        metadata = item.setdefault("metadata", {})
        metadata.setdefault("namespace", self.namespace)
        kind = item.get("kind")
        if kind not in NAMESPACE_KINDS or "name" not in metadata:
            raise ScenarioError(f"objects: {kind} is none of {', '.join(NAMESPACE_KINDS)}, or has no metadata.name")
        version = NAMESPACE_KINDS[kind]
        item.setdefault("apiVersion", version)
        group = f"/apis/{version}" if "/" in version else f"/api/{version}"
        plural = f"{kind.lower()}s"
        self.api.put(f"{group}/namespaces/{metadata['namespace']}/{plural}/{metadata['name']}", item)

    def _run_probe(self, plan: dict[str, Any]) -> Iterator[bytes]:
        """The probe pod: the shipping probe in the node's network namespace, its output as the pod's log."""
        argument = base64.b64encode(json.dumps(plan).encode()).decode()
        command = self.hosts.enter(self.hosts.hosts[NODE], self._probe, "run", argument)
        with subprocess.Popen(
            list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    if self._log:
                        with self._log.open("ab") as out:
                            out.write(line)
                    yield line
            finally:
                process.kill()

    def kubeconfig(self, file: Path) -> Path:
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "lab",
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab", "namespace": self.namespace}}],
            "clusters": [{"name": "lab", "cluster": {"server": self.api.url, "insecure-skip-tls-verify": True}}],
            "users": [{"name": "lab", "user": {"token": fake_api.TOKEN}}],
        }
        file.write_text(json.dumps(document), encoding="utf-8")
        return file

    def close(self) -> None:
        self.api.stop()


def make_credentials(folder: Path) -> Path:
    """A key and certificate for the API server; returns the folder."""
    run(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", "/CN=lab", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem",
    )  # fmt: skip
    return folder
