"""The host's end of the port to a machine's agent (guest/agent.py).

Frames: a letter, the payload's length in four bytes, the payload. From the agent: H hello, O and X output and error
output, D done. To the agent: R a command, I its input, E the input's end.
"""

import json
import selectors
import socket
import time
from collections import deque
from typing import IO, Any, Callable

CHUNK = 65536


class ChannelClosed(Exception):
    """The machine is gone."""


class ChannelTimeout(Exception):
    """The agent said nothing in time."""


class Channel:
    """Never blocks in one direction: a machine that waits for its output to be read takes no input."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        connection.setblocking(False)
        self._received = bytearray()
        self._unsent: deque[bytes] = deque()
        self._input: IO[bytes] | None = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(connection, selectors.EVENT_READ)

    def close(self) -> None:
        self._selector.close()
        self._connection.close()

    def request(self, command: dict[str, Any], content: IO[bytes] | None) -> None:
        """Starts a command; its input travels while frames are received."""
        self._send(b"R", json.dumps(command).encode())
        self._input = content
        if content is None:
            self._send(b"E", b"")

    def drop_input(self) -> None:
        """The command has ended: what it did not read isn't sent."""
        self._input = None

    def receive(self, deadline: float) -> tuple[bytes, bytes]:
        """The next frame, sending meanwhile. The deadline is one of time.monotonic()."""
        while (frame := self._take_frame()) is None:
            self._refill()
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
            self._selector.modify(self._connection, events)
            ready = self._selector.select(max(0.0, deadline - time.monotonic()))
            if not ready and time.monotonic() >= deadline:
                raise ChannelTimeout
            for _, mask in ready:
                self._exchange(mask)
        return frame

    def _take_frame(self) -> tuple[bytes, bytes] | None:
        if len(self._received) < 5:
            return None
        end = 5 + int.from_bytes(self._received[1:5], "big")
        if len(self._received) < end:
            return None
        frame = bytes(self._received[:1]), bytes(self._received[5:end])
        del self._received[:end]
        return frame

    def _refill(self) -> None:
        if self._input is None or self._unsent:
            return
        content = self._input.read(CHUNK)
        if content:
            self._send(b"I", content)
        else:
            self._input = None
            self._send(b"E", b"")

    def _send(self, kind: bytes, payload: bytes) -> None:
        self._unsent.append(kind + len(payload).to_bytes(4, "big") + payload)

    def _exchange(self, mask: int) -> None:
        try:
            if mask & selectors.EVENT_READ:
                content = self._connection.recv(CHUNK)
                if not content:
                    raise ChannelClosed
                self._received += content
            if mask & selectors.EVENT_WRITE:
                first = self._unsent.popleft()
                sent = self._connection.send(first)
                if sent < len(first):
                    self._unsent.appendleft(first[sent:])
        except OSError as error:
            raise ChannelClosed from error


Sink = Callable[[bytes], None]


class Output:
    """Collects a command's output, and hands on each line that is complete."""

    def __init__(self, on_line: Sink | None) -> None:
        self._parts: list[bytes] = []
        self._line = bytearray()
        self._on_line = on_line

    def add(self, content: bytes) -> None:
        self._parts.append(content)
        if self._on_line is None:
            return
        self._line += content
        *lines, rest = self._line.split(b"\n")
        self._line = rest
        for line in lines:
            self._on_line(bytes(line))

    def end(self) -> bytes:
        """All of it. A last line without an end is one, too."""
        if self._line and self._on_line is not None:
            self._on_line(bytes(self._line))
        return b"".join(self._parts)
