"""What tests on the embedded cluster share: start it if needed, give it objects, wait for what they become, and run
commands in the network namespaces of its nodes and pods.

The cluster is the one of $NETCHECK_CLUSTER_DIR, or the default one; it is kept for the next test. Folders of tests that
import this module put tests/cluster/ on sys.path.
"""

import contextlib
import json
import os
import secrets
import subprocess
import time
from pathlib import Path
from typing import Any, Iterator, Sequence

from embedded import cluster as embedded_cluster
from embedded import processes, state
from embedded.cluster import TESTSERVER_IMAGE
from embedded.host import Host
from embedded.layout import Layout, default_cluster_folder

COMMANDS = Path(__file__).resolve().parent


def layout() -> Layout:
    return Layout(default_cluster_folder())


def cluster(nodes: int = 1) -> state.State:
    """The running cluster. Starts one when there is none, or none that is healthy and has that many nodes."""
    record = state.load(layout())
    keep = record is not None and record.complete and len(record.nodes) >= nodes
    if not keep or embedded_cluster.health(record, layout()).problems:
        subprocess.run([COMMANDS / "up", "--nodes", str(nodes)], stdin=subprocess.DEVNULL, check=True)
        record = state.load(layout())
    assert record is not None
    return record


def environment() -> dict[str, str]:
    """The caller's environment with this cluster's kubeconfig and kubectl, and without a proxy in between."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {
        **kept,
        "KUBECACHEDIR": str(layout().kubectl_cache),
        "KUBECONFIG": str(layout().kubeconfig),
        "PATH": f"{layout().programs}:{os.environ['PATH']}",
    }


def kubectl(*arguments: str, stdin: str = "", seconds: float = 120) -> str:
    """kubectl's output; its failure is the test's, with its words."""
    done = subprocess.run(
        [layout().programs / "kubectl", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=seconds,
        env=environment(),
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"kubectl {' '.join(arguments)}: exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def get(kind: str, name: str, namespace: str = "default") -> dict[str, Any]:
    return json.loads(kubectl("get", kind, name, "--namespace", namespace, "--output=json"))


def apply(manifest: dict[str, Any] | str, namespace: str = "default") -> None:
    """Creates or changes an object, given as a value or as YAML text."""
    text = manifest if isinstance(manifest, str) else json.dumps(manifest)
    kubectl("apply", "--namespace", namespace, "--filename=-", stdin=text)


def import_image(reference: str, binary: Path, *arguments: str) -> None:
    """Gives every node an image made of one static binary."""
    embedded_cluster.load_image(cluster(), reference, binary, arguments)


def testserver_pod(name: str, *arguments: str, container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """A pod whose only container, `server`, is the test server, with fields of the container and of the pod's spec."""
    server = {"name": "server", "image": TESTSERVER_IMAGE, "imagePullPolicy": "Never", "args": list(arguments)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [{**server, **(container or {})}], **spec},
    }


@contextlib.contextmanager
def namespace(prefix: str, labels: dict[str, str] | None = None) -> Iterator[str]:
    """A namespace of the test's own, deleted afterwards."""
    name = f"{prefix}-{secrets.token_hex(3)}"
    apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels or {}}})
    try:
        # Until then no pod is admitted.
        kubectl("wait", "--for=create", "serviceaccount/default", "--namespace", name, "--timeout=30s")
        yield name
    finally:
        kubectl("delete", "namespace", name, "--wait=false")


def wait_ready(pod: str, namespace: str = "default", seconds: int = 60) -> dict[str, Any]:
    """Waits until a pod is Ready, and returns it; when it does not get there, says what kubelet says."""
    try:
        kubectl("wait", "--for=condition=Ready", f"pod/{pod}", "--namespace", namespace, f"--timeout={seconds}s")
    except AssertionError as error:
        told = kubectl("describe", "pod", pod, "--namespace", namespace)
        raise AssertionError(f"{error}\n{told}") from error
    return get("pod", pod, namespace)


def wait_for_event(namespace: str, pod: str, reason: str, substring: str = "", seconds: float = 60) -> dict[str, Any]:
    """Waits for an event of a pod whose message contains the substring, and returns it."""
    selector = f"involvedObject.kind=Pod,involvedObject.name={pod},reason={reason}"
    command = ("get", "events", "--namespace", namespace, "--field-selector", selector, "--output=json")
    deadline = time.monotonic() + seconds
    while True:
        events = json.loads(kubectl(*command))["items"]
        for event in events:
            if substring in event["message"]:
                return event
        if time.monotonic() > deadline:
            seen = [event["message"] for event in events]
            raise AssertionError(f"no event {reason} of {pod} with {substring!r} in {seconds:.0f}s; seen: {seen}")
        time.sleep(0.5)


def host(name: str) -> Host:
    """A node, or the control plane, to be entered or killed."""
    record = state.load(layout())
    if record is None or name not in record.hosts:
        raise AssertionError(f"no host {name} is up")
    return record.hosts[name]


def pod_pid(namespace: str, pod: str) -> int:
    """A process of a pod, of its sandbox at least, as the machine numbers it."""
    mark = f"/pod{get('pod', pod, namespace)['metadata']['uid']}/"
    for pid in processes.all_pids():
        try:
            if mark in Path(f"/proc/{pid}/cgroup").read_text():
                return pid
        except OSError:
            continue
    raise AssertionError(f"no process of the pod {namespace}/{pod} runs on this machine")


def _run_in_network(network: str, command: Sequence[str | Path], seconds: float) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["nsenter", f"--net={network}", "--", *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def node_netns_exec(node: str, command: Sequence[str | Path], seconds: float = 60) -> "subprocess.CompletedProcess[str]":
    """Runs a program of the machine in a node's network namespace."""
    return _run_in_network(f"/proc/{host(node).init.pid}/ns/net", command, seconds)


def pod_netns_exec(
    namespace: str, pod: str, command: Sequence[str | Path], seconds: float = 60
) -> "subprocess.CompletedProcess[str]":
    """Runs a program of the machine in a pod's network namespace."""
    return _run_in_network(f"/proc/{pod_pid(namespace, pod)}/ns/net", command, seconds)
