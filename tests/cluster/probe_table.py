"""Pods for the test beside a running kubelet: one row for each thing that a health check can meet, with what kubelet is
known to make of it. The numbers at the rows of HTTP, TCP and gRPC are those of kubelet's behaviours that they show.
"""

import dataclasses
import enum
from typing import Any

import harness


class Ends(enum.Enum):
    """How kubelet takes each attempt of a probe."""

    SUCCESS = "success"
    WARNING = "warning"  # Counts as a success.
    FAILURE = "failure"
    ERRORED = "errored"  # Counts as nothing.


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    manifest: dict[str, Any]
    probe: str  # The one that is compared.
    ends: Ends
    says: str  # What kubelet says in its events, in part; "": nothing.
    ready: bool  # What becomes of the container.
    started: bool
    restarts: bool
    deleted: bool = False  # It is compared while it is being deleted.
    exec: bool = False

    @property
    def killed_by(self) -> str:
        """kubelet's event when it restarts the container."""
        return f"Container server failed {self.probe} probe, will be restarted" if self.restarts else ""


def _row(
    name: str,
    *arguments: str,
    action: dict[str, Any],
    ends: Ends = Ends.SUCCESS,
    says: str = "",
    probe: str = "readiness",
    container: dict[str, Any] | None = None,
    spec: dict[str, Any] | None = None,
    ready: bool | None = None,
    started: bool = True,
    restarts: bool = False,
    deleted: bool = False,
    **fields: Any,
) -> Row:
    """A row whose pod has one probe with these fields. Unless told, its container is ready if the probe passes, or has
    nothing to do with readiness."""
    made = {f"{probe}Probe": {**action, "periodSeconds": 2, "initialDelaySeconds": 2, **fields}}
    passes = ends in (Ends.SUCCESS, Ends.WARNING)
    return Row(
        name=name,
        manifest=harness.testserver_pod(name, *arguments, container={**made, **(container or {})}, **(spec or {})),
        probe=probe,
        ends=ends,
        says=says,
        ready=ready if ready is not None else passes or probe == "liveness",
        started=started,
        restarts=restarts,
        deleted=deleted,
        exec="exec" in action,
    )


def http(path: str = "/healthz", port: int | str = 8080, **fields: Any) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": port, **fields}}


def tcp(port: int | str = 8080, **fields: Any) -> dict[str, Any]:
    return {"tcpSocket": {"port": port, **fields}}


def grpc(port: int = 8080, **fields: Any) -> dict[str, Any]:
    return {"grpc": {"port": port, **fields}}


def _headers(**values: str) -> list[dict[str, str]]:
    return [{"name": name.replace("_", "-"), "value": value} for name, value in values.items()]


_AWAY = "-redirect=/healthz=http://elsewhere.test/"
_POD_IP = {"env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]}
_HOST_NETWORK = {"hostNetwork": True}
_BODY = "Probe terminated redirects, Response body: "
_GRPC_TIMEOUT = "timeout: failed to connect service"
_ATOI = 'strconv.Atoi: parsing "web": invalid syntax'
_STATUS_500 = "HTTP probe failed with statuscode: 500"

_HTTP = (
    _row("http-200", action=http()),
    _row("http-10-mb", "-size=10000000", action=http()),  # 1
    # 2: what kubelet sent can be read in the event.
    _row("redirect-away", "-echo", _AWAY, action=http(), ends=Ends.WARNING, says=f"{_BODY}GET /healthz HTTP/1.1"),
    _row(
        "redirect-away-10-mb",
        "-size=10000000",
        _AWAY,
        action=http(),
        ends=Ends.WARNING,
        says=f"{_BODY}0123456789abcde",
    ),
    # 3
    _row(
        "redirect-port",
        "-listen=:8080",
        "-listen=:8081",
        "-redirect=/healthz=http://$(POD_IP):8081/there",
        action=http(),
        container=_POD_IP,
    ),
    _row(
        "redirect-refused",
        "-redirect=/healthz=http://$(POD_IP):8081/there",
        action=http(),
        container=_POD_IP,
        ends=Ends.FAILURE,
        says=":8081: connect: connection refused",
    ),
    # 4
    _row(
        "redirect-loop",
        "-redirect=/healthz=/healthz",
        action=http(),
        ends=Ends.FAILURE,
        says="stopped after 10 redirects",
    ),
    # 5
    _row("status-304", "-status=304", action=http(), ends=Ends.WARNING, says=_BODY),
    _row("status-302", "-status=302", action=http(), ends=Ends.WARNING, says=f"{_BODY}302 from "),
    # 6
    _row("stalled", "-stall", action=http(), ends=Ends.ERRORED, says="cancellation while reading body)"),
    _row(
        "live-stalled",
        "-stall",
        probe="liveness",
        action=http(),
        ends=Ends.ERRORED,
        says="reading body)",
        failureThreshold=2,
    ),
    # 7, 8
    _row(
        "accept-empty",
        "-echo",
        _AWAY,
        action=http(httpHeaders=_headers(Accept="")),
        ends=Ends.WARNING,
        says="Connection: close\nUser-Agent: kube-probe/",
    ),
    _row(
        "path-query",
        "-echo",
        _AWAY,
        action=http("/healthz?b=c#d"),
        ends=Ends.WARNING,
        says="GET /healthz?b=c HTTP/1.1",
    ),
    _row(
        "headers",
        "-echo",
        _AWAY,
        action=http(httpHeaders=_headers(x_second="2", X_First="1", x_SECOND="two", User_Agent="me", Accept="text/x")),
        ends=Ends.WARNING,
        says="X-Second: two",
    ),
    _row(
        "header-host",
        "-echo",
        _AWAY,
        action=http(httpHeaders=_headers(Host="shop.test")),
        ends=Ends.WARNING,
        says="Host: shop.test\n",
    ),
    _row("status-399", "-status=399", action=http(), ends=Ends.WARNING, says=f"{_BODY}399 from "),
    _row("status-400", "-status=400", action=http(), ends=Ends.FAILURE, says="statuscode: 400"),
    _row(
        "slow-500",
        "-delay=1500ms",
        "-status=500",
        action=http(),
        ends=Ends.FAILURE,
        says="exceeded while awaiting headers)",
    ),
    _row("status-500", "-status=500", action=http(), ends=Ends.FAILURE, says=_STATUS_500),
    _row(
        "slow",
        "-delay=1500ms",
        action=http(),
        ends=Ends.FAILURE,
        says="(Client.Timeout exceeded while awaiting headers)",
    ),
    _row("slow-enough", "-delay=1500ms", action=http(), timeoutSeconds=3),
    _row("http-refused", action=http(port=8081), ends=Ends.FAILURE, says="connect: connection refused"),
    _row("http-mute", "-mute", action=http(), ends=Ends.FAILURE, says="exceeded while awaiting headers)"),
    _row("hang-up", "-hang-up", action=http(), ends=Ends.FAILURE, says="EOF"),
    _row("not-http", "-say=SSH-2.0-OpenSSH\\r\\n", action=http(), ends=Ends.FAILURE, says="malformed HTTP response"),
    _row("named-port", action=http(port="web"), container={"ports": [{"name": "web", "containerPort": 8080}]}),
    # 13
    _row("no-such-port", action=http(port="web"), ends=Ends.ERRORED, says=_ATOI),
    _row(
        "live-no-such-port",
        probe="liveness",
        action=tcp("web"),
        container={"ports": [{"name": "other", "containerPort": 8080}]},
        ends=Ends.ERRORED,
        says=_ATOI,
        failureThreshold=1,
    ),
    _row("host-field", "-listen=127.0.0.1:18101", action=http(port=18101, host="127.0.0.1"), spec=_HOST_NETWORK),
    _row("host-ipv6", "-listen=[::1]:18102", action=http(port=18102, host="::1"), spec=_HOST_NETWORK),
    _row(
        "host-ipv6-refused",
        action=http(port=18103, host="::1"),
        ends=Ends.FAILURE,
        says="dial tcp [::1]:18103: connect: connection refused",
    ),
    _row("host-name", "-listen=127.0.0.1:18104", action=http(port=18104, host="localhost"), spec=_HOST_NETWORK),
    _row("success-threshold", action=http(), successThreshold=3),
)

_HTTPS = (
    _row("https", "-tls", "-http1", action=http(scheme="HTTPS")),
    # 14
    _row(
        "https-http2",
        "-tls",
        "-echo",
        _AWAY,
        action=http(scheme="HTTPS"),
        ends=Ends.WARNING,
        says="GET /healthz HTTP/2.0",
    ),
    _row("https-http2-500", "-tls", "-status=500", action=http(scheme="HTTPS"), ends=Ends.FAILURE, says=_STATUS_500),
    _row(
        "https-http2-slow",
        "-tls",
        "-delay=2s",
        action=http(scheme="HTTPS"),
        ends=Ends.FAILURE,
        says="Client.Timeout",
    ),
    _row("https-http2-stalled", "-tls", "-stall", action=http(scheme="HTTPS"), ends=Ends.ERRORED, says="reading body)"),
    _row("http-to-https", "-tls", action=http(), ends=Ends.FAILURE, says="statuscode: 400"),
    _row(
        "https-to-http",
        action=http(scheme="HTTPS"),
        ends=Ends.FAILURE,
        says="server gave HTTP response to HTTPS client",
    ),
    _row("https-to-mute", "-mute", action=http(scheme="HTTPS"), ends=Ends.FAILURE, says="Get \"https://"),
)

_TCP = (
    _row("tcp-open", action=tcp()),
    _row("tcp-mute", "-mute", action=tcp()),
    _row("tcp-refused", action=tcp(8081), ends=Ends.FAILURE, says="connect: connection refused"),
    # 9: the kernel answers for an application that does not accept, while its queue has room.
    _row("tcp-queue-open", "-never-accept", action=tcp()),
    _row("tcp-queue-full", "-never-accept", "-backlog=1", action=tcp(), ends=Ends.FAILURE, says=": i/o timeout"),
    _row("tcp-host-ipv6", "-listen=[::1]:18105", action=tcp(18105, host="::1"), spec=_HOST_NETWORK),
)

_GRPC = (
    _row("grpc-serving", "-grpc=SERVING", action=grpc()),
    _row("grpc-service", "-grpc=SERVING", "-grpc-service=web", action=grpc(service="web")),
    # 12
    _row(
        "grpc-not-serving",
        "-grpc=NOT_SERVING",
        action=grpc(),
        ends=Ends.FAILURE,
        says='(responded with "NOT_SERVING")',
    ),
    _row("grpc-unknown", "-grpc=UNKNOWN", action=grpc(), ends=Ends.FAILURE, says='(responded with "UNKNOWN")'),
    _row(
        "grpc-other-service",
        "-grpc=SERVING",
        action=grpc(service="web"),
        ends=Ends.FAILURE,
        says="code = NotFound desc = unknown service",
    ),
    _row(
        "grpc-unimplemented",
        "-grpc=UNIMPLEMENTED",
        action=grpc(),
        ends=Ends.FAILURE,
        says="this server does not implement the grpc health protocol",
    ),
    _row(
        "grpc-slow",
        "-grpc=SERVING",
        "-delay=2s",
        action=grpc(),
        ends=Ends.FAILURE,
        says="health rpc did not complete within 1s",
    ),
    _row("grpc-closed", action=grpc(8081), ends=Ends.FAILURE, says=_GRPC_TIMEOUT),  # 10
    _row("grpc-to-mute", "-mute", action=grpc(), ends=Ends.FAILURE, says=_GRPC_TIMEOUT),  # 11
    _row("grpc-to-http", action=grpc(), ends=Ends.FAILURE, says=_GRPC_TIMEOUT),
    _row("grpc-to-https", "-tls", action=grpc(), ends=Ends.FAILURE, says=_GRPC_TIMEOUT),
    _row(
        "grpc-to-http2",
        "-h2c",
        "-status=404",
        action=grpc(),
        ends=Ends.FAILURE,
        says="unexpected HTTP status code received",
    ),
)

# A restart leaves time for an examination before the next one.
_RESTART = {"ends": Ends.FAILURE, "restarts": True, "periodSeconds": 10, "initialDelaySeconds": 0}
_OTHER_PROBE = {"periodSeconds": 1, "failureThreshold": 3}

_LIFE = (
    _row("live-500", "-status=500", probe="liveness", action=http(), says=_STATUS_500, **_RESTART),
    _row("live-refused", probe="liveness", action=tcp(8081), says="connection refused", **_RESTART),
    _row("live-grpc", "-grpc=NOT_SERVING", probe="liveness", action=grpc(), says="NOT_SERVING", **_RESTART),
    _row(
        "startup-fails",
        "-status=503",
        probe="startup",
        action=http(),
        says="503",
        ready=False,
        started=False,
        **_RESTART,
    ),
    # It listens late, and nothing but the startup probe minds.
    _row(
        "startup-slow",
        "-start-delay=7s",
        probe="startup",
        action=http(),
        says="connection refused",
        failureThreshold=30,
        container={
            "livenessProbe": {**http(), **_OTHER_PROBE},
            "readinessProbe": {**http(), **_OTHER_PROBE},
        },
    ),
    # The other probes, which would fail, are not made.
    _row(
        "startup-gates",
        "-status=500",
        probe="startup",
        action=http(),
        ends=Ends.FAILURE,
        says=_STATUS_500,
        ready=False,
        started=False,
        failureThreshold=100,
        container={
            "livenessProbe": {**tcp(8081), **_OTHER_PROBE},
            "readinessProbe": {**tcp(8082), **_OTHER_PROBE},
        },
    ),
    # 15
    _row(
        "deleted",
        "-unhealthy-on-term",
        action=http(),
        ends=Ends.FAILURE,
        says=_STATUS_500,
        deleted=True,
        container={"livenessProbe": {**http(), **_OTHER_PROBE}},
        spec={"terminationGracePeriodSeconds": 120},
    ),
)

_PROGRAM = "/testserver"


def _exec(name: str, *arguments: str, command: list[str] | None = None, **row: Any) -> Row:
    """A row whose probe is the test server's `exec` with these arguments, or another command."""
    return _row(name, action={"exec": {"command": command or [_PROGRAM, "exec", *arguments]}}, **row)


def _sick(name: str, *arguments: str, says: str, **row: Any) -> Row:
    """A command that writes what kubelet then says, and fails."""
    return _exec(name, *arguments, "-exit=1", ends=Ends.FAILURE, says=says, **row)


def _not_run(name: str, *command: str, says: str, **row: Any) -> Row:
    return _exec(name, command=list(command), ends=Ends.ERRORED, says=says, **row)


def _late(name: str, *arguments: str, seconds: int = 1, **row: Any) -> Row:
    says = f" timed out after {seconds}s"
    return _exec(name, *arguments, timeoutSeconds=seconds, ends=Ends.FAILURE, says=says, **row)


def _security(**fields: Any) -> dict[str, Any]:
    return {"securityContext": fields}


_ENV = {"env": [{"name": "A", "value": "one"}, {"name": "B", "value": "$(A) two"}]}
_NAME_FROM_FIELD = {"env": [{"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}

_EXEC = (
    _exec("exec-0", "-stdout=fine"),
    _exec("exec-0-over-10-kib", "-size=12000"),
    _sick("exec-1-silent", says="Readiness probe failed: "),
    _exec(
        "exec-3",
        "-stdout=one ",
        "-stderr=two ",
        "-stdout=three ",
        "-stderr=four",
        "-exit=3",
        ends=Ends.FAILURE,
        says="one three two four",
    ),
    _exec("exec-255", "-stdout=no", "-exit=255", ends=Ends.FAILURE, says="no"),
    _sick("exec-over-10-kib", "-size=10239", "-stderr=XYZ", says="\n0123456789abcdeX"),
    _sick("exec-not-utf-8", "-stdout=\\xff\\xfe ok\\x00\\x1b[31m", says="\ufffd\ufffd ok\x00\x1b[31m"),
    _sick("exec-percent", "-stdout=100%s", says="100%s"),
    _not_run("exec-missing", "/nonexistent", says="stat /nonexistent: no such file or directory"),
    _not_run("exec-no-shell", "sh", "-c", "exit 0", says='"sh": executable file not found in $PATH'),
    _not_run("exec-not-executable", "/etc/hostname", says='"/etc/hostname": permission denied'),
    _not_run("exec-folder", "/proc", says='"/proc": permission denied'),
    _not_run("exec-below-a-file", f"{_PROGRAM}/x", says="not a directory"),
    _not_run("exec-one-word", f"{_PROGRAM} exec", says="no such file or directory"),
    _exec("exec-shell-syntax", "-exit=1", "&&", "true", ends=Ends.FAILURE, says='["&&" "true"] are not understood'),
    _sick("exec-shell-variable", "-stdout=$A * `id`;", says="$A * `id`;", container=_ENV),
    _exec("exec-relative", command=["./testserver", "exec", "-print=cwd", "-exit=1"], ends=Ends.FAILURE, says="cwd=/"),
    _not_run("exec-relative-elsewhere", "./testserver", says="stat ./testserver", container={"workingDir": "/proc"}),
    _sick("exec-var", "-stdout=$(A), $(B)", says="one, $(A) two", container=_ENV),
    _sick("exec-var-undefined", "-stdout=$(NONE)", says="$(NONE)"),
    _sick("exec-var-escaped", "-stdout=$$(A) $$A", says="$(A) $A", container=_ENV),
    _sick("exec-var-from-field", "-stdout=<$(N)>", "-print=env:N", says="<>env:N=exec-", container=_NAME_FROM_FIELD),
    _sick("exec-env", "-print=env:PATH,env:HOME,env:HOSTNAME,env:TERM,env:A", says="env:A=one", container=_ENV),
    _sick("exec-root", "-print=uid,gid,groups,caps,nnp,seccomp", says="uid=0\n"),
    _sick(
        "exec-user",
        "-print=uid,gid,groups,caps,env:HOME",
        says="uid=1234\ngid=2345\n",
        container=_security(runAsUser=1234, runAsGroup=2345),
    ),
    _sick(
        "exec-groups",
        "-print=uid,gid,groups",
        says="groups=0 4000 4001 5000",
        spec=_security(runAsUser=1000, supplementalGroups=[4000, 4001], fsGroup=5000),
    ),
    _sick(
        "exec-caps",
        # Not of seccomp: netcheck can't apply a container's filter, and says so.
        "-print=caps,nnp",
        says="nnp=1\n",
        container=_security(
            capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
            allowPrivilegeEscalation=False,
            seccompProfile={"type": "RuntimeDefault"},
        ),
    ),
    _sick("exec-privileged", "-print=caps,nnp,seccomp", says="nnp=0\n", container=_security(privileged=True)),
    _sick(
        "exec-read-only",
        "-write=/f",
        says="read-only file system",
        container=_security(readOnlyRootFilesystem=True),
    ),
    _sick("exec-working-dir", "-print=cwd", says="cwd=/etc", container={"workingDir": "/etc"}),
    _sick("exec-stdin", "-print=stdin", says="stdin=/dev/null EOF"),
    _sick("exec-names", "-print=cgroup,pidns,mountns,hostname", says="hostname=exec-names"),
    _sick("exec-rlimits", "-print=rlimits", says="Max open files"),
    _late("exec-slow", "-stdout=before", "-sleep=10s"),
    _late("exec-slow-2-seconds", "-sleep=10s", seconds=2),
    _late("exec-slow-ignores-term", "-ignore-term", "-sleep=10s"),
    _exec("exec-killed", "-stdout=last words", "-signal=KILL", ends=Ends.FAILURE, says="last words"),
    _exec("exec-terminated", "-stdout=last words", "-signal=TERM", ends=Ends.FAILURE, says="last words"),
    # timeoutSeconds ends the command's process only; its output is waited for, even when a child holds it open.
    _sick("exec-child", "-stdout=spawned", "-spawn=3s", says="spawned"),
    _sick("exec-child-quiet", "-spawn-quiet", "-stdout=spawned", "-spawn=3s", says="spawned"),
    _late("exec-slow-child", "-spawn=4s", "-sleep=10s"),
    _exec("exec-live", "-stdout=sick", "-exit=1", probe="liveness", says="sick", **_RESTART),
    _not_run("exec-live-missing", "/nonexistent", probe="liveness", says="no such file", failureThreshold=1),
    _exec(
        "exec-startup",
        "-stdout=not yet",
        "-exit=1",
        probe="startup",
        says="not yet",
        ready=False,
        started=False,
        **_RESTART,
    ),
)

ROWS = (*_HTTP, *_HTTPS, *_TCP, *_GRPC, *_LIFE, *_EXEC)
