"""A server that follows a case's script to the byte and keeps what it received."""

import contextlib
import dataclasses
import select
import socket
import ssl
import struct
import threading
import time
from typing import Callable

import certificates
import client_hello
import http2_received
from client_hello import ClientHello
from scripts import Case, Close, CloseNotify, Connection, HalfClose, Hold, Listener, ReadHead, ReadHello, ReadStream
from scripts import Reset, Send, Sleep, Step, Tls

VERSIONS = {name: ssl.TLSVersion[name] for name in ("TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3")}
DRAIN_SECONDS = 2.0
"""How long a connection's steps may go on after the prover's answer; it closes its connections about then."""
READ_SECONDS = 20.0


@dataclasses.dataclass
class Received:
    """Of one connection."""

    data: bytes = b""
    hello: ClientHello | None = None
    tls: str = ""
    """The negotiated version and application protocol, or that there was no handshake."""


@dataclasses.dataclass
class _Run:
    """Everything of one attempt of one prover."""

    ended: threading.Event = dataclasses.field(default_factory=threading.Event)
    deadline: float = float("inf")
    received: list[Received] = dataclasses.field(default_factory=list)
    threads: list[threading.Thread] = dataclasses.field(default_factory=list)

    def end(self) -> None:
        self.deadline = time.monotonic() + DRAIN_SECONDS
        self.ended.set()
        for thread in self.threads:
            thread.join(READ_SECONDS)


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # OpenSSL's security level 1 has no TLS below 1.2; an empty list of ciphers means its usual one.
    context.set_ciphers(tls.ciphers or ("ALL:@SECLEVEL=0" if tls.oldest in ("TLSv1", "TLSv1_1") else "DEFAULT"))
    context.minimum_version, context.maximum_version = VERSIONS[tls.oldest], VERSIONS[tls.newest]
    context.load_cert_chain(certificates.pem(tls.key))
    context.num_tickets = 2 if tls.reply_ticket else 0
    if tls.alpn:
        context.set_alpn_protocols(list(tls.alpn))
    if tls.client_certificate != "none":
        required = tls.client_certificate == "required"
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
        context.load_verify_locations(certificates.pem(tls.key))
    return context


class _Conversation:
    """One accepted connection."""

    def __init__(self, connection: socket.socket, run: _Run, received: Received) -> None:
        self._socket = connection
        self._run = run
        self._received = received
        self._said_hello = False

    def _wait(self) -> bool:
        """For something to read; False when the script shouldn't wait any longer."""
        until = time.monotonic() + READ_SECONDS
        while not self._readable():
            if time.monotonic() > min(until, self._run.deadline):
                return False
        return True

    def _readable(self) -> bool:
        pending = isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0
        return pending or bool(select.select([self._socket], [], [], 0.02)[0])

    def _receive(self) -> bytes:
        """Empty when the connection ended, or nothing came in time."""
        if not self._wait():
            return b""
        try:
            return self._socket.recv(65536)
        except OSError:
            return b""

    def negotiate(self, tls: Tls) -> bool:
        self.read_hello(peek=True)
        try:
            self._socket.settimeout(READ_SECONDS)
            self._socket = _context(tls).wrap_socket(self._socket, server_side=True)
        except OSError:
            self._received.tls = "no handshake"
            return False
        self._received.tls = f"{self._socket.version()} {self._socket.selected_alpn_protocol()}"
        return True

    def read_head(self, keep: bool) -> None:
        head = b""
        while b"\r\n\r\n" not in head and not head.startswith(b"\x16\x03"):
            data = self._receive()
            if not data:
                break
            head += data
        if keep:
            # No two ClientHellos are equal.
            self._received.data += b"(a ClientHello)" if head.startswith(b"\x16\x03") else head

    def read_hello(self, peek: bool = False) -> None:
        # A ClientHello may come in several segments, of which only the first is sure to be there.
        until = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < until and self._wait():
            try:
                data = self._socket.recv(65536, socket.MSG_PEEK)
                self._received.hello = client_hello.parse(data)
            except ValueError:
                if not data:
                    return
                time.sleep(0.005)
                continue
            except OSError:
                return
            if not peek:
                self._socket.recv(len(data))
                self._said_hello = True
            return

    def read_stream(self, count: int) -> None:
        while sum(frame.ends_stream for frame in http2_received.frames(self._received.data)) < count:
            data = self._receive()
            if not data:
                break
            self._received.data += data

    def send(self, data: bytes) -> None:
        self._socket.settimeout(READ_SECONDS)
        self._socket.sendall(data)

    def hold(self) -> None:
        while data := self._receive():
            if not self._said_hello:  # An alert of the handshake is a matter of the TLS library.
                self._received.data += data

    def reset(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close_notify(self) -> None:
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.settimeout(0)
            with contextlib.suppress(ssl.SSLError):  # It wants to read the answer, for which nobody waits.
                self._socket.unwrap()
        self._socket.close()

    def half_close(self) -> None:
        # Below TLS: shutdown() of an SSLSocket would forget the session.
        socket.socket.shutdown(self._socket, socket.SHUT_WR)

    def take(self, step: Step) -> None:
        match step:
            case ReadHead(keep):
                self.read_head(keep)
            case ReadHello():
                self.read_hello()
            case ReadStream(count):
                self.read_stream(count)
            case Send(data):
                self.send(data)
            case Sleep(seconds):
                self._run.ended.wait(seconds)
            case Close():
                self._socket.close()
            case CloseNotify():
                self.close_notify()
            case Reset():
                self.reset()
            case HalfClose():
                self.half_close()
            case Hold():
                self.hold()

    def close(self) -> None:
        self._socket.close()


class _Port:
    """One listener of a case."""

    def __init__(self, listener: Listener, substitute: Callable[[bytes], bytes]) -> None:
        self.listener = listener
        self._substitute = substitute
        self._family = socket.AF_INET6 if ":" in listener.address else socket.AF_INET
        self._socket = socket.socket(self._family, socket.SOCK_STREAM)
        self._socket.bind((listener.address, 0))
        self.number: int = self._socket.getsockname()[1]
        self._run = _Run()
        self._guard = threading.Lock()
        self._sentinel = 0
        self._sentinel_came = threading.Event()
        self._fillers: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        if listener.state == "open":
            self._socket.listen(64)
            self._thread.start()
        elif listener.state == "full":
            self._fill()

    def _fill(self) -> None:
        """Takes every place of the smallest accept queue, so that further SYNs get no answer."""
        self._socket.listen(0)
        for _ in range(4):
            filler = socket.socket(self._family, socket.SOCK_STREAM)
            filler.setblocking(False)
            filler.connect_ex((self.listener.address, self.number))
            self._fillers.append(filler)

    def begin(self) -> None:
        with self._guard:
            self._run = _Run()

    def end(self) -> list[Received]:
        """What was received since begin(), when all that the prover connected to was accepted and has ended."""
        if self.listener.state != "open":
            return []
        with socket.socket(self._family, socket.SOCK_STREAM) as sentinel:
            # The accept queue is a queue: whatever connected before this one is accepted when this one is.
            sentinel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sentinel.bind((self.listener.address, 0))
            self._sentinel_came.clear()
            self._sentinel = sentinel.getsockname()[1]
            sentinel.connect((self.listener.address, self.number))
            self._sentinel_came.wait(READ_SECONDS)
            self._sentinel = 0
        with self._guard:
            run = self._run
        run.end()
        return run.received

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # Wakes a thread in accept(); close() wouldn't.
        self._socket.close()
        for filler in self._fillers:
            filler.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, peer = self._socket.accept()
            except OSError:
                return
            if peer[1] == self._sentinel:
                connection.close()
                self._sentinel_came.set()
                continue
            with self._guard:
                run = self._run
                received = Received()
                run.received.append(received)
                scripts = self.listener.connections
                script = scripts[min(len(run.received), len(scripts)) - 1] if scripts else (Close(),)
                thread = threading.Thread(target=self._talk, args=(connection, run, received, script), daemon=True)
                run.threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket, run: _Run, received: Received, script: Connection) -> None:
        conversation = _Conversation(connection, run, received)
        try:
            if self.listener.tls and not conversation.negotiate(self.listener.tls):
                return
            for step in script:
                conversation.take(Send(self._substitute(step.data)) if isinstance(step, Send) else step)
        except OSError:
            pass  # The other side may go away at any time.
        finally:
            conversation.close()


class ScriptedServer:
    """All listeners of one case, for any number of attempts, one after the other: ports stay the same."""

    def __init__(self, case: Case) -> None:
        self._ports: list[_Port] = []
        for listener in case.listeners:
            self._ports.append(_Port(listener, self.substitute))

    def __enter__(self) -> "ScriptedServer":
        return self

    def __exit__(self, *_: object) -> None:
        for port in self._ports:
            port.close()

    def substitute(self, data: bytes) -> bytes:
        for index, port in enumerate(self._ports):
            data = data.replace(b"PORT%d" % index, b"%d" % port.number)
        return data

    def restore(self, data: bytes) -> bytes:
        for index, port in enumerate(self._ports):
            data = data.replace(b"%d" % port.number, b"PORT%d" % index)
        return data

    def begin(self) -> None:
        for port in self._ports:
            port.begin()

    def end(self) -> list[list[Received]]:
        """What each listener received since begin(), connection by connection."""
        return [port.end() for port in self._ports]
