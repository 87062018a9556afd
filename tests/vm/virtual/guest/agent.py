"""Runs commands inside a virtual machine for whoever is at the other end of its port; see channel.py for the frames."""

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from typing import Any

CHUNK = 65536
PENDING_LIMIT = 1 << 20
"""Of a command's input: beyond it the port isn't read until the command has taken some."""


class Port:
    """The virtio port, as a stream of frames: a letter, the payload's length in four bytes, the payload."""

    def __init__(self, path: str) -> None:
        self.descriptor = os.open(path, os.O_RDWR)

    def _read(self, size: int) -> bytes:
        content = bytearray()
        while len(content) < size:
            part = os.read(self.descriptor, size - len(content))
            if not part:
                raise EOFError
            content += part
        return bytes(content)

    def receive(self) -> "tuple[bytes, bytes]":
        head = self._read(5)
        return head[:1], self._read(int.from_bytes(head[1:], "big"))

    def send(self, kind: bytes, payload: bytes) -> None:
        content = memoryview(kind + len(payload).to_bytes(4, "big") + payload)
        while content:
            content = content[os.write(self.descriptor, content) :]


class Run:
    """One command, from its request to its end."""

    def __init__(self, port: Port, request: "dict[str, Any]") -> None:
        self._port = port
        self._deadline = time.monotonic() + request["timeout"]
        self._pending = bytearray()
        self._input_ended = False
        self._process = subprocess.Popen(
            request["argv"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=request["cwd"],
            env={**os.environ, **request["environment"]},
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._input = self._process.stdin.fileno()
        self._outputs = {self._process.stdout.fileno(): b"O", self._process.stderr.fileno(): b"X"}
        for descriptor in (self._input, *self._outputs):
            os.set_blocking(descriptor, False)
        # Readable at the end of the process, whose pidfd only later kernels have.
        self._ended, writing = os.pipe()
        threading.Thread(target=self._tell_the_end, args=[writing]).start()
        self._selector = selectors.DefaultSelector()
        for descriptor in (*self._outputs, self._ended):
            self._selector.register(descriptor, selectors.EVENT_READ)

    def _tell_the_end(self, writing: int) -> None:
        self._process.wait()
        os.close(writing)

    def finish(self) -> None:
        timed_out, running = False, True
        while running:
            self._watch_input()
            for key, _ in self._selector.select(max(0.0, self._deadline - time.monotonic())):
                if key.fd == self._ended:
                    running = False
                elif key.fd == self._port.descriptor:
                    self._receive_input()
                elif key.fd == self._input:
                    self._feed()
                else:
                    self._forward(key.fd)
            if running and not timed_out and time.monotonic() >= self._deadline:
                timed_out = True
                os.killpg(self._process.pid, signal.SIGKILL)
        exit_code = self._process.wait()
        # What the command has left in its pipes. A process that outlives it may hold them open; nobody waits for that.
        for descriptor in list(self._outputs):
            while self._forward(descriptor):
                pass
        self._close()
        self._port.send(b"D", json.dumps({"exit_code": exit_code, "timed_out": timed_out}).encode())

    def _forward(self, descriptor: int) -> bool:
        try:
            content = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return False
        if content:
            self._port.send(self._outputs[descriptor], content)
            return True
        self._selector.unregister(descriptor)
        del self._outputs[descriptor]
        return False

    def _watch_input(self) -> None:
        self._watch(self._port.descriptor, not self._input_ended and len(self._pending) < PENDING_LIMIT)
        if self._process.stdin is not None and not self._pending and self._input_ended:
            self._watch(self._input, False, selectors.EVENT_WRITE)
            self._process.stdin.close()
            self._process.stdin = None
        elif self._process.stdin is not None:
            self._watch(self._input, bool(self._pending), selectors.EVENT_WRITE)

    def _watch(self, descriptor: int, wanted: bool, event: int = selectors.EVENT_READ) -> None:
        watched = descriptor in self._selector.get_map()
        if wanted and not watched:
            self._selector.register(descriptor, event)
        elif watched and not wanted:
            self._selector.unregister(descriptor)

    def _receive_input(self) -> None:
        kind, payload = self._port.receive()
        if kind == b"I":
            self._pending += payload
        else:
            self._input_ended = True

    def _feed(self) -> None:
        try:
            del self._pending[: os.write(self._input, self._pending)]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self._pending.clear()
            self._input_ended = True

    def _close(self) -> None:
        self._selector.close()
        os.close(self._ended)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


def main() -> None:
    port = Port(sys.argv[1])
    port.send(b"H", json.dumps({"kernel": os.uname().release}).encode())
    while True:
        try:
            kind, payload = port.receive()
        except EOFError:
            return
        # Input of a command that has ended before it took all.
        if kind != b"R":
            continue
        try:
            run = Run(port, json.loads(payload))
        except OSError as error:
            port.send(b"X", f"{error}\n".encode())
            port.send(b"D", json.dumps({"exit_code": 127, "timed_out": False}).encode())
            continue
        run.finish()


main()
