"""What a client said in HTTP/2, as text that two probers should agree on.

Frames of a stream stay in their order, those of the connection as well; how the two mix is a matter of threads, and
so are WINDOW_UPDATEs for what was received, and where PINGs and their acknowledgements come.
"""

import dataclasses
from typing import Iterator

import hpack
from http2_frames import ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HAS_PRIORITY, HEADER_BYTES, HEADERS
from http2_frames import PADDED, PING, PREFACE, RST_STREAM, SETTINGS, WINDOW_UPDATE


@dataclasses.dataclass(frozen=True)
class Frame:
    kind: int
    flags: int
    stream: int
    payload: bytes

    @property
    def ends_stream(self) -> bool:
        return self.kind in (DATA, HEADERS) and bool(self.flags & END_STREAM)


def frames(data: bytes) -> Iterator[Frame]:
    """The complete frames after the preface."""
    at = len(PREFACE)
    while len(data) >= at + HEADER_BYTES:
        size = int.from_bytes(data[at : at + 3], "big")
        payload = data[at + HEADER_BYTES : at + HEADER_BYTES + size]
        if len(payload) < size:
            return
        yield Frame(data[at + 3], data[at + 4], int.from_bytes(data[at + 5 : at + 9], "big"), payload)
        at += HEADER_BYTES + size


def is_http2(data: bytes) -> bool:
    return data.startswith(PREFACE)


def _end(frame: Frame) -> str:
    return " and the end of the stream" if frame.ends_stream else ""


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _words(frame: Frame) -> str:
    payload, acknowledged = frame.payload, " acknowledged" if frame.flags & ACK else ""
    if frame.kind == DATA and not frame.flags & PADDED:
        return f"DATA{_end(frame)} {payload!r}"
    if frame.kind == SETTINGS:
        starts = range(0, len(payload), 6)
        return f"SETTINGS{acknowledged} {[(_number(payload[i:i + 2]), _number(payload[i + 2:i + 6])) for i in starts]}"
    if frame.kind == WINDOW_UPDATE:
        return f"WINDOW_UPDATE {_number(payload)}"
    if frame.kind == RST_STREAM:
        return f"RST_STREAM {_number(payload)}"
    if frame.kind == PING:
        return f"PING{acknowledged} {payload!r}"
    if frame.kind == GOAWAY:
        return f"GOAWAY {_number(payload[:4])} {_number(payload[4:8])} {payload[8:]!r}"
    return repr(frame)


_PING_PLACES = {0: -2, ACK: -1}
"""PINGs and their acknowledgements overtake other frames of the connection."""


def _sorted(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Go's HTTP client sends a request's fields in the order of a map, which is left to chance; grpc-go has a list."""
    if (b":method", b"GET") not in fields:
        return fields
    return sorted(fields, key=lambda field: (not field[0].startswith(b":"), field[0]))


class _Listener:
    def __init__(self) -> None:
        self._decoder = hpack.Decoder()
        self._decoder.max_allowed_table_size = 1 << 32  # It is for the provers to heed what the server allows.
        self._block = b""
        self._said: dict[int, list[str]] = {}

    def _say(self, stream: int, words: str) -> None:
        self._said.setdefault(stream, []).append(words)

    def text(self) -> str:
        return "\n".join(words for _, said in sorted(self._said.items()) for words in said)

    def take(self, frame: Frame) -> None:
        if frame.kind in (HEADERS, CONTINUATION) and not frame.flags & (PADDED | HAS_PRIORITY):
            self._take_block(frame)
        elif frame.kind != WINDOW_UPDATE or len(self._said) == 1:  # Before anything was asked it is an announcement.
            self._say(_PING_PLACES[frame.flags & ACK] if frame.kind == PING else frame.stream, _words(frame))

    def _take_block(self, frame: Frame) -> None:
        self._block += frame.payload
        if frame.kind == HEADERS:
            self._say(frame.stream, f"HEADERS{_end(frame)}")
        if frame.flags & END_HEADERS:
            fields = [(bytes(name), bytes(value)) for name, value in self._decoder.decode(self._block, raw=True)]
            for name, value in _sorted(fields):
                # How much of the timeout is left differs from attempt to attempt.
                shown = b"(what is left)" if name == b"grpc-timeout" else value
                self._say(frame.stream, f"  {name.decode('latin-1')}: {shown.decode('latin-1')}")
            self._block = b""


def text(data: bytes) -> str:
    """Of everything that the client sent on one connection. What is no HTTP/2 to the end is said to be so."""
    listener = _Listener()
    for frame in frames(data):
        try:
            listener.take(frame)
        except (hpack.HPACKError, ValueError) as error:
            return f"{listener.text()}\nbroken: {frame} {error}"
    return listener.text()
