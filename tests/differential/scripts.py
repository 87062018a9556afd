"""What a scripted server does: listeners, and for each of them the steps of every connection it accepts.

`PORT0`, `PORT1` … in bytes that are sent and in probes stand for the ports of a case's listeners.
"""

import dataclasses
from typing import Any

IPV4 = "127.0.0.1"
OTHER_HOST = "127.0.0.2"
IPV6 = "::1"


@dataclasses.dataclass(frozen=True)
class Step:
    pass


@dataclasses.dataclass(frozen=True)
class ReadHead(Step):
    """Waits for a request's head and keeps it: what was received is compared only if it was read and kept."""

    keep: bool = True


@dataclasses.dataclass(frozen=True)
class ReadHello(Step):
    """Waits for a ClientHello, of which only what `ClientHello` names is kept."""


@dataclasses.dataclass(frozen=True)
class ReadStream(Step):
    """Waits until the client of an HTTP/2 connection has said all that it will on so many streams."""

    count: int = 1


@dataclasses.dataclass(frozen=True)
class Send(Step):
    data: bytes


@dataclasses.dataclass(frozen=True)
class Sleep(Step):
    """Ends early when the prober has answered."""

    seconds: float


@dataclasses.dataclass(frozen=True)
class Close(Step):
    """FIN; below TLS, without close_notify."""


@dataclasses.dataclass(frozen=True)
class CloseNotify(Step):
    """Ends a TLS session as it should be ended, then FIN."""


@dataclasses.dataclass(frozen=True)
class Reset(Step):
    pass


@dataclasses.dataclass(frozen=True)
class HalfClose(Step):
    """FIN while the server would still read."""


@dataclasses.dataclass(frozen=True)
class Hold(Step):
    """Keeps the connection open, reading, until the other side closes it or the prober has answered."""


@dataclasses.dataclass(frozen=True)
class Tls:
    oldest: str = "TLSv1_2"
    newest: str = "TLSv1_3"
    alpn: tuple[str, ...] = ()
    client_certificate: str = "none"
    """none, optional or required."""
    ciphers: str = ""
    key: str = "rsa"
    """rsa or ec; the certificate is a stranger's, for another name, and expired long ago."""
    reply_ticket: bool = False


Connection = tuple[Step, ...]


@dataclasses.dataclass(frozen=True)
class Listener:
    connections: tuple[Connection, ...] = ()
    """The last one is repeated for every further connection."""
    address: str = IPV4
    tls: Tls | None = None
    state: str = "open"
    """open; closed: the port is taken but nobody listens; full: SYNs get no answer."""


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    probe: dict[str, Any]
    listeners: tuple[Listener, ...]
    container: dict[str, Any] = dataclasses.field(default_factory=dict)
    pod_address: str = IPV4
    compare_hello: bool = False
    """Also compares what the ClientHello offers, not just the server name in it."""


def http_probe(path: str = "/healthz", headers: list[tuple[str, str]] | None = None, **fields: Any) -> dict[str, Any]:
    """An httpGet probe as kubelet sees it: the API server has filled in what its author left out."""
    action: dict[str, Any] = {"path": path or "/", "port": "PORT0", "scheme": "HTTP", **fields}
    if headers is not None:
        action["httpHeaders"] = [{"name": name, "value": value} for name, value in headers]
    timeout = action.pop("timeout", 1)
    return {"httpGet": action, "timeoutSeconds": timeout}


def tcp_probe(timeout: int = 1, **fields: Any) -> dict[str, Any]:
    return {"tcpSocket": {"port": "PORT0", **fields}, "timeoutSeconds": timeout}


def grpc_probe(service: str | None = None, timeout: int = 1) -> dict[str, Any]:
    action = {"port": "PORT0"} if service is None else {"port": "PORT0", "service": service}
    return {"grpc": action, "timeoutSeconds": timeout}


def http_listener(*answers: bytes, then: Connection = (Close(),), **options: Any) -> Listener:
    """Reads a request's head on every connection and sends the connection's answer."""
    return Listener(tuple((ReadHead(), Send(answer), *then) for answer in answers), **options)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
"""The answer of a healthy server."""
