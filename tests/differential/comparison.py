"""Plays cases to both provers and says in what they differ."""

import concurrent.futures
import dataclasses
import itertools
import re
import threading
import time
from typing import Any, Iterable, Mapping, Sequence

import http2_received
import provers
from provers import Prover
from scripted_server import Received, ScriptedServer
from scripts import Case

FIELDS = ("result", "output", "error", "received", "tls")
ORACLE_ATTEMPTS = 8
"""kubelet's answer to a reset or a timeout depends on what its threads notice first: any of its answers is right."""
WORKERS = 32
QUIET_WORKERS = 4
QUIET_SECONDS = 1.0

# The port that the kernel chose for a prover's connection.
_SOURCE_PORT = re.compile(r"((?:\d+\.){3}\d+|\[[0-9a-f:.%a-z]+\]):\d+->")
# A timeout before there is an answer: what kubelet calls it depends on which of its threads is first.
_NOTHING_IN_TIME = re.compile(
    r"(?:net/http: request canceled(?: while waiting for connection)?|context deadline exceeded)"
    r"(?: \(Client\.Timeout exceeded while awaiting headers\))?$"
)
# Which spaces protobuf-go puts into its words differs from build to build, lest anyone rely on them.
_PROTOBUF_SPACE = re.compile(r"(?<=proto:)[ \u00a0]|(?<=grpc-status-details-bin=code:\d)  ?(?=message:)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\d+')
# Bytes that are no UTF-8 have no fixed image in JSON: each encoder replaces them in its own rhythm.
_REPLACED = re.compile("\ufffd+")


@dataclasses.dataclass(frozen=True)
class Observation:
    """One attempt: what the prover said, and what the server saw of it."""

    result: str
    output: str
    error: str
    received: tuple[tuple[bytes, ...], ...]
    """By listener and connection."""
    tls: tuple[tuple[str, ...], ...]

    def differs(self, accepted: Iterable["Observation"]) -> tuple[str, ...]:
        """The fields that no accepted observation shares."""
        others = list(accepted)
        return tuple(name for name in FIELDS if getattr(self, name) not in [getattr(other, name) for other in others])


@dataclasses.dataclass
class Verdict:
    case: Case
    fields: tuple[str, ...]
    """In which the two differ."""
    oracle: list[Observation]
    probe: Observation

    @property
    def kind(self) -> tuple[str, ...]:
        """The same for differences that are likely to have one cause: what differs, without what is quoted in it."""
        texts = [name for name in self.fields if name in ("result", "output", "error")]
        return self.fields + tuple(
            _QUOTED.sub("", getattr(seen, name))[:120] for name in texts for seen in (self.oracle[0], self.probe)
        )

    def __str__(self) -> str:
        lines = [f"{self.case.name} differs in {', '.join(self.fields) or 'nothing'}"]
        for name in self.fields:
            for value in dict.fromkeys(getattr(observation, name) for observation in self.oracle):
                lines.append(f"  kubelet  {name}: {_shown(value)}")
            lines.append(f"  netcheck {name}: {_shown(getattr(self.probe, name))}")
        lines.append(f"  probe: {self.case.probe}")
        lines += [f"  listener {index}: {_shown(listener)}" for index, listener in enumerate(self.case.listeners)]
        return "\n".join(lines)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 2000 else f"{text[:1000]} … {text[-900:]}"


def _filled_in(value: Any, server: ScriptedServer) -> Any:
    """The probe of a case with the ports that its listeners got; "PORT0" alone is a number, "'PORT0'" its digits."""
    if isinstance(value, dict):
        return {key: _filled_in(item, server) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled_in(item, server) for item in value]
    if isinstance(value, str):
        text = server.substitute(value.encode()).decode()
        if re.fullmatch(r"PORT\d", value):
            return int(text)
        return text.strip("'") if re.fullmatch(r"'PORT\d'", value) else text
    return value


def _tls_seen(received: Received, case: Case) -> str:
    hello = received.hello
    if hello is None:
        return received.tls
    offer = f" offers {hello.alpn} {[hex(v) for v in hello.versions]}" if case.compare_hello else ""
    return f"{received.tls} for {hello.server_name}{offer}"


def _said(received: Received) -> bytes:
    if http2_received.is_http2(received.data):
        return http2_received.text(received.data).encode("latin-1", "backslashreplace")
    return received.data


def observe(prover: Prover, case: Case, server: ScriptedServer) -> Observation:
    server.begin()
    answer = prover.ask(_filled_in(case.probe, server), _filled_in(case.container, server), case.pod_address)
    received = server.end()

    def text(words: str) -> str:
        restored = server.restore(words.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
        restored = _NOTHING_IN_TIME.sub("(nothing in time)", _SOURCE_PORT.sub(r"\1:SOURCE->", restored))
        return _PROTOBUF_SPACE.sub(" ", _REPLACED.sub("\ufffd", restored))

    return Observation(
        answer.result,
        text(answer.output),
        text(answer.error),
        tuple(tuple(server.restore(_said(connection)) for connection in port) for port in received),
        tuple(tuple(_tls_seen(connection, case) for connection in port) for port in received),
    )


class Pair:
    """A process of each prover."""

    def __init__(self) -> None:
        self._oracle = Prover(provers.oracle())
        self._probe = Prover(provers.probe())

    def close(self) -> None:
        self._oracle.close()
        self._probe.close()

    def compare(self, case: Case, patience_seconds: float = 0.0) -> Verdict:
        """The oracle is asked several times before it is contradicted, and until patience ends, if that is later."""
        with ScriptedServer(case) as server:
            accepted = [observe(self._oracle, case, server)]
            seen = observe(self._probe, case, server)
            until = time.monotonic() + patience_seconds
            while fields := seen.differs(accepted):
                if len(accepted) >= ORACLE_ATTEMPTS and time.monotonic() > until:
                    break
                accepted.append(observe(self._oracle, case, server))
        return Verdict(case, fields, accepted, seen)


class Comparison:
    """Compares many cases side by side: most of their time they wait."""

    def __init__(self, workers: int = WORKERS) -> None:
        self._workers = workers
        self._local = threading.local()
        self._pairs: list[Pair] = []

    def __enter__(self) -> "Comparison":
        return self

    def __exit__(self, *_: object) -> None:
        for pair in self._pairs:
            pair.close()

    def _pair(self) -> Pair:
        pair: Pair | None = getattr(self._local, "pair", None)
        if pair is None:
            pair = self._local.pair = Pair()
            self._pairs.append(pair)
        return pair

    def one(self, case: Case, patience_seconds: float = 0.0) -> Verdict:
        return self._pair().compare(case, patience_seconds)

    def all(self, cases: Sequence[Case], expected: Mapping[str, frozenset[str]] | None = None) -> dict[str, Verdict]:
        """By name. What differs in other fields than expected is looked at again, more quietly.

        A busy machine makes its own timeouts, and some answers of kubelet are rare: which of several bad headers it
        names is up to the order of a Go map.
        """
        verdicts = self._compare(cases, self._workers, 0.0)
        known = expected or {}
        again = [case for case in cases if set(verdicts[case.name].fields) != known.get(case.name, frozenset())]
        return {**verdicts, **self._compare(again, QUIET_WORKERS, QUIET_SECONDS)}

    def _compare(self, cases: Sequence[Case], workers: int, patience_seconds: float) -> dict[str, Verdict]:
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            return {
                verdict.case.name: verdict for verdict in pool.map(self.one, cases, itertools.repeat(patience_seconds))
            }
