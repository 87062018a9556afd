"""Pods whose probes meet one known thing each: for the demo and for the tests on the embedded cluster."""

import dataclasses
from pathlib import Path
from typing import Any

import harness

TOP = Path(__file__).resolve().parents[2]

# The image that the plugin asks for unless told otherwise.
PROBE_IMAGE = "docker.io/netcheck/netcheck-probe:0.1.0"


@dataclasses.dataclass(frozen=True)
class Patient:
    name: str
    story: str  # What is wrong with it, in the words of a developer.
    manifest: dict[str, Any]
    event: str = ""  # What kubelet says of it, in part; "": nothing, it is healthy.
    code: str = ""  # The finding that names its cause; "": none.
    rules: tuple[str, ...] = ()  # nftables commands for the pod's own network namespace.

    @property
    def exit_code(self) -> int:
        return 1 if self.code else 0


def http_probe(path: str = "/healthz", port: int = 8080, **fields: Any) -> dict[str, Any]:
    return {"readinessProbe": {"httpGet": {"path": path, "port": port}, "periodSeconds": 2, **fields}}


def _grpc_probe(**fields: Any) -> dict[str, Any]:
    return {"readinessProbe": {"grpc": {"port": 8080, **fields}, "periodSeconds": 2}}


def _exec_probe(*arguments: str) -> dict[str, Any]:
    command = ["/testserver", "exec", *arguments]
    return {"readinessProbe": {"exec": {"command": command}, "periodSeconds": 2, "timeoutSeconds": 1}}


def _pod(name: str, *arguments: str, **container: Any) -> dict[str, Any]:
    return harness.testserver_pod(name, *arguments, container=container)


_DROP_SYN = (
    "add table inet mesh",
    "add chain inet mesh input { type filter hook input priority 0 ; }",
    "add rule inet mesh input tcp dport 8080 drop",
)

PATIENTS = (
    Patient("healthy", "answers its probe", _pod("healthy", **http_probe())),
    Patient(
        "wrong-port",
        "listens on 8080, is probed on 8081",
        _pod("wrong-port", **http_probe(port=8081)),
        event="connection refused",
        code="NC-LISTEN-001",
    ),
    Patient(
        "loopback",
        "listens on 127.0.0.1 only",
        _pod("loopback", "-listen=127.0.0.1:8080", **http_probe()),
        event="connection refused",
        code="NC-LISTEN-002",
    ),
    Patient(
        "status-500",
        "answers with status 500",
        _pod("status-500", "-status=500", **http_probe()),
        event="statuscode: 500",
        code="NC-HTTP-001",
    ),
    Patient(
        "slow",
        "answers after 1.5 s, its timeoutSeconds is 1",
        _pod("slow", "-delay=1500ms", **http_probe()),
        event="deadline exceeded",
        code="NC-TIMEOUT-001",
    ),
    Patient(
        "firewalled",
        "a rule in its own network namespace drops what reaches port 8080",
        _pod("firewalled", **http_probe()),
        event="deadline exceeded",
        code="NC-LOST-003",
        rules=_DROP_SYN,
    ),
    Patient(
        "not-serving",
        "its gRPC health service says NOT_SERVING",
        _pod("not-serving", "-grpc=NOT_SERVING", **_grpc_probe()),
        event='(responded with "NOT_SERVING")',
        code="NC-GRPC-001",
    ),
    Patient(
        "never-accepts",
        "listens and never calls accept()",
        _pod("never-accepts", "-never-accept", "-backlog=1", **http_probe()),
        event="deadline exceeded",
        code="NC-QUEUE-001",
    ),
    Patient(
        "slow-command",
        "its exec probe's command takes 3 s, its timeoutSeconds is 1",
        _pod("slow-command", **_exec_probe("-sleep=3s")),
        event="timed out after 1s",
        code="NC-TIMEOUT-002",
    ),
)



def admit_probe() -> None:
    """What a cluster's administrator does once: the probe's image, namespace and rights."""
    harness.import_image(PROBE_IMAGE, TOP / "build/bin/netcheck-probe")
    for file in ("namespace.yaml", "rbac.yaml"):
        harness.kubectl("apply", "--filename", str(TOP / "manifests" / file))


def deploy(patient: Patient, namespace: str) -> None:
    harness.apply(patient.manifest, namespace)
    harness.kubectl(
        "wait", "--for=jsonpath={.status.phase}=Running", f"pod/{patient.name}", "--namespace", namespace, "--timeout=60s"
    )
    for rule in patient.rules:
        done = harness.pod_netns_exec(namespace, patient.name, ["nft", rule])
        if done.returncode != 0:
            raise AssertionError(f"nft {rule}: {done.stderr.strip()}")


def wait_for_kubelet(patient: Patient, namespace: str) -> None:
    """Until kubelet itself says about the pod what it will be examined for."""
    if patient.event:
        harness.wait_for_event(namespace, patient.name, "Unhealthy", patient.event, seconds=90)
    else:
        harness.wait_ready(patient.name, namespace)
