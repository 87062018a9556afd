"""Cases of HTTP/2 and of gRPC made by chance: sound answers whose frames and header lists are changed.

As in generator.py a case is a sound answer and a list of mutations. These keep to HTTP/2's framing: what breaks it is
told otherwise by the library that netcheck's prober uses than by Go, see DIFFERENCES.md.
"""

import dataclasses
import random
from typing import Callable, Iterator

import http2_frames as h2
from scripts import Case, Close, HalfClose, Hold, Listener, ReadStream, Reset, Send, Sleep, Step, Tls, grpc_probe
from scripts import http_probe


@dataclasses.dataclass
class Frame:
    kind: int
    flags: int = 0
    stream: int = 1
    payload: bytes = b""
    fields: list[tuple[h2.Text, h2.Text]] | None = None
    """Of HEADERS, instead of a payload."""

    def content(self) -> bytes:
        return self.payload if self.fields is None else h2.block(*self.fields)

    def encode(self) -> bytes:
        return h2.frame(self.kind, self.flags, self.stream, self.content())

    @property
    def is_continued(self) -> bool:
        return self.kind == h2.HEADERS and not self.flags & h2.END_HEADERS

    @property
    def is_last(self) -> bool:
        """After it the server may send no more of the stream."""
        ends = self.kind in (h2.DATA, h2.HEADERS) and bool(self.flags & h2.END_STREAM)
        return ends or self.kind == h2.RST_STREAM


def _headers(*fields: tuple[h2.Text, h2.Text], end: bool = False) -> Frame:
    return Frame(h2.HEADERS, h2.END_HEADERS | (h2.END_STREAM if end else 0), fields=list(fields))


def _data(payload: bytes, end: bool = False) -> Frame:
    return Frame(h2.DATA, h2.END_STREAM if end else 0, payload=payload)


_GRPC = ((":status", "200"), ("content-type", "application/grpc"))
GRPC_ANSWERS: tuple[Callable[[], list[Frame]], ...] = (
    lambda: [_headers(*_GRPC), _data(h2.message(b"\x08\x01")), _headers(("grpc-status", "0"), end=True)],
    lambda: [_headers(*_GRPC), _data(h2.message(b"\x08\x02")), _headers(("grpc-status", "0"), end=True)],
    lambda: [_headers(*_GRPC, ("grpc-status", "5"), ("grpc-message", "unknown%20service"), end=True)],
    lambda: [_headers(*_GRPC, ("grpc-status", "12"), end=True)],
    lambda: [_headers((":status", "503"), ("content-type", "text/html")), _data(b"sorry", True)],
)
HTTP_ANSWERS: tuple[Callable[[], list[Frame]], ...] = (
    lambda: [_headers((":status", "200"), ("server", "test")), _data(b"hello", True)],
    lambda: [_headers((":status", "200"), ("content-length", "10")), _data(b"hello"), _data(b"world", True)],
    lambda: [_headers((":status", "103"), ("link", "x")), _headers((":status", "200")), _data(b"hello", True)],
    lambda: [_headers((":status", "200")), _data(b"hello"), _headers(("checksum", "1"), end=True)],
    lambda: [_headers((":status", "503"), end=True)],
    lambda: [_headers((":status", "302"), ("location", "/next"), end=True)],
)

# fmt: off
FIELDS: tuple[tuple[h2.Text, h2.Text], ...] = (
    (":status", "200"), (":status", "404"), (":status", "100"), (":status", ""), (":status", "abc"), (":path", "/"),
    (":x", "y"), ("content-length", "5"), ("content-length", "7"), ("content-length", "x"), ("content-length", "0"),
    ("content-type", "application/grpc"), ("content-type", "application/grpc+proto"), ("content-type", "text/html"),
    ("content-type", ""), ("grpc-status", "0"), ("grpc-status", "5"), ("grpc-status", "x"), ("grpc-status", "99"),
    ("grpc-status", "-1"), ("grpc-message", "a%20b"), ("grpc-message", b"\xff%zz"), ("grpc-encoding", "gzip"),
    ("grpc-encoding", "identity"), ("x-bin", "!"), ("x-bin", "YQ"), ("grpc-status-details-bin", "CAUSAWI"),
    ("X", "y"), ("", "y"), ("x", b"\x00"), ("x", b"\xff"), ("x y", "z"), ("x", "y" * 300), ("x", ""),
    ("location", "/x"), ("location", "https://other.example/"), ("connection", "close"), ("trailer", "x"),
    ("te", "trailers"),
)
CONNECTION_FRAMES: tuple[Callable[[], Frame], ...] = (
    lambda: Frame(h2.PING, 0, 0, b"12345678"), lambda: Frame(h2.PING, h2.ACK, 0, b"12345678"),
    lambda: Frame(h2.WINDOW_UPDATE, 0, 0, b"\0\0\1\0"), lambda: Frame(200, 0, 0, b"new"),
    lambda: Frame(200, 0, 1, b"new"),
)
SETTINGS: tuple[tuple[int, int], ...] = (
    (1, 0), (1, 100), (1, 65536), (3, 0), (3, 1), (3, 100), (4, 0), (4, 1), (4, 65536), (5, 16384), (5, 65536), (6, 0),
    (6, 100), (6, 65536), (8, 1), (99, 7),
)
STREAM_FRAMES: tuple[Callable[[], Frame], ...] = (
    lambda: Frame(h2.WINDOW_UPDATE, 0, 1, b"\0\0\1\0"), lambda: Frame(h2.PRIORITY, 0, 1, b"\0\0\0\0\x10"),
    lambda: _data(b""), lambda: _data(b"x"),
)
LAST_FRAMES: tuple[Callable[[], Frame], ...] = (
    lambda: Frame(h2.RST_STREAM, 0, 1, b"\0\0\0\0"), lambda: Frame(h2.RST_STREAM, 0, 1, b"\0\0\0\1"),
    lambda: Frame(h2.RST_STREAM, 0, 1, b"\0\0\0\2"),
    lambda: Frame(h2.RST_STREAM, 0, 1, b"\0\0\0\x08"), lambda: _headers(("x", "y"), end=True), lambda: _data(b"", True),
)
GOAWAYS = (
    b"\0\0\0\1\0\0\0\0bye", b"\x7f\xff\xff\xff\0\0\0\0", b"\0\0\0\1\0\0\0\x0btoo_many_pings", b"\0\0\0\3\0\0\0\2",
)
MESSAGES = (
    b"", b"\x08\x01", b"\x08\x00", b"\x08\x03", b"\x08\x07", b"\x08", b"\x12\x01x\x08\x01", b"\x00",
    b"\x08\xff\xff\xff\xff\x0f", b"\x0b\x0c", b"\x0b", b"\x0d1234", b"\x0912345678", b"\x0f",
)
# fmt: on

SOUND_FIELDS = [
    field
    for answers in (GRPC_ANSWERS, HTTP_ANSWERS)
    for answer in answers
    for frame in answer()
    for field in frame.fields or []
]


@dataclasses.dataclass
class _Draft:
    """What mutations change, until it becomes a case."""

    frames: list[Frame]
    changes: list[Callable[[bytes], bytes]] = dataclasses.field(default_factory=list)
    """Of the bytes that the frames make."""
    ending: tuple[Step, ...] = (Sleep(0.05), HalfClose(), Hold())
    """Not at once: whether a client still says what it thinks of an answer then is left to chance."""
    pauses: list[float] = dataclasses.field(default_factory=list)
    """Shares of the answer after which there is one."""
    settings: bytes = h2.settings()


Change = Callable[[_Draft, random.Random], None]


def _position(draft: _Draft, chance: random.Random, least: int = 0, most: int | None = None) -> int:
    """Where a frame may be put: not between HEADERS and their CONTINUATION."""
    until = len(draft.frames) if most is None else most
    inside = [index + 1 for index, frame in enumerate(draft.frames) if frame.is_continued]
    return chance.choice([place for place in range(least, until + 1) if place not in inside] or [until])


def _on_frame(change: Callable[[Frame, random.Random], None]) -> Change:
    def changed(draft: _Draft, chance: random.Random) -> None:
        if draft.frames:
            change(chance.choice(draft.frames), chance)

    return changed


def _on_fields(change: Callable[[list[tuple[h2.Text, h2.Text]], random.Random], None]) -> Change:
    def changed(draft: _Draft, chance: random.Random) -> None:
        lists = [frame.fields for frame in draft.frames if frame.fields]
        if lists:
            change(chance.choice(lists), chance)

    return changed


def _unknown_flags(frame: Frame, chance: random.Random) -> None:
    frame.flags |= chance.choice((0x10, 0x40, 0x80))


def _pad(frame: Frame, chance: random.Random) -> None:
    if frame.kind in (h2.DATA, h2.HEADERS) and not frame.flags & h2.PADDED:
        padding = chance.choice((0, 1, 5, 255))
        payload = bytes([padding]) + frame.content() + b"\0" * padding
        frame.fields, frame.payload, frame.flags = None, payload, frame.flags | h2.PADDED


def _grow(frame: Frame, chance: random.Random) -> None:
    if frame.kind == h2.DATA and not frame.flags & h2.PADDED:
        frame.payload = b"x" * chance.choice((1023, 10239, 10240, 10241, 16384))


def _message(frame: Frame, chance: random.Random) -> None:
    if frame.kind == h2.DATA and not frame.flags & h2.PADDED:
        payload = chance.choice(MESSAGES)
        size = chance.choice((None, None, None, 0, 1, 9, 1 << 22, (1 << 22) + 1, 0xFFFFFFFF))
        flag = bytes([chance.choice((0, 0, 0, 0, 1, 7))])
        frame.payload = flag + (len(payload) if size is None else size).to_bytes(4, "big") + payload


def _insert_field(fields: list[tuple[h2.Text, h2.Text]], chance: random.Random) -> None:
    fields.insert(chance.randrange(len(fields) + 1), chance.choice(FIELDS))


def _replace_field(fields: list[tuple[h2.Text, h2.Text]], chance: random.Random) -> None:
    fields[chance.randrange(len(fields))] = chance.choice(FIELDS)


def _drop_field(fields: list[tuple[h2.Text, h2.Text]], chance: random.Random) -> None:
    fields.pop(chance.randrange(len(fields)))


def _shuffle_fields(fields: list[tuple[h2.Text, h2.Text]], chance: random.Random) -> None:
    """But for :status, which RFC 9113 §8.3 wants before all others."""
    chance.shuffle(fields)
    fields.sort(key=lambda field: field[0] not in (":status", b":status"))


def _open(draft: _Draft) -> int:
    """The place of the frame that ends the stream, or after all of them."""
    places = (index for index, frame in enumerate(draft.frames) if frame.is_last)
    return next(places, len(draft.frames))


def _begun(draft: _Draft) -> int:
    """The place after the first header list, before which there may be no DATA."""
    places = (index + 1 for index, frame in enumerate(draft.frames) if frame.kind == h2.HEADERS)
    return next(places, len(draft.frames) + 1)


def _leave_open(draft: _Draft, _: random.Random) -> None:
    draft.frames = draft.frames[: _open(draft)]


def _insert_for_connection(draft: _Draft, chance: random.Random) -> None:
    if _says_goodbye(draft):
        return
    if chance.randrange(3):
        frame = chance.choice(CONNECTION_FRAMES)()
    else:
        frame = Frame(h2.SETTINGS, 0, 0, h2.settings(chance.choice(SETTINGS))[h2.HEADER_BYTES :])
    draft.frames.insert(_position(draft, chance), frame)


def _insert_for_stream(draft: _Draft, chance: random.Random) -> None:
    begun, end = _begun(draft), _open(draft)
    if begun <= end:
        draft.frames.insert(_position(draft, chance, begun, end), chance.choice(STREAM_FRAMES)())


def _end_early(draft: _Draft, chance: random.Random) -> None:
    if _says_goodbye(draft):
        return
    at = _position(draft, chance, 0, _open(draft))
    last = chance.choice(LAST_FRAMES)()
    if at >= _begun(draft) or last.kind != h2.DATA:
        draft.frames[at:] = [last]


def _says_goodbye(draft: _Draft) -> bool:
    return any(frame.kind == h2.GOAWAY for frame in draft.frames)


def _goaway(draft: _Draft, chance: random.Random) -> None:
    """Once: a second one may not take back what the first said. And with nothing to acknowledge, see DIFFERENCES.md."""
    if not any(frame.kind in (h2.GOAWAY, h2.SETTINGS, h2.PING) for frame in draft.frames):
        draft.frames.insert(_position(draft, chance), Frame(h2.GOAWAY, 0, 0, chance.choice(GOAWAYS)))


def _goaway_before_stream(draft: _Draft, chance: random.Random) -> None:
    draft.frames = [Frame(h2.GOAWAY, 0, 0, b"\0\0\0\0" + chance.choice((b"\0\0\0\0", b"\0\0\0\2")))]


def _is_sound(frame: Frame) -> bool:
    """Where fields are not, Go wants no CONTINUATION."""
    return all((name, value) in SOUND_FIELDS for name, value in frame.fields or [("", "")])


def _continue(draft: _Draft, chance: random.Random) -> None:
    """Cuts a header block in two."""
    whole = [
        index
        for index, frame in enumerate(draft.frames)
        if frame.kind == h2.HEADERS and not frame.flags & h2.PADDED and _is_sound(frame)
    ]
    if whole:
        index = chance.choice(whole)
        frame = draft.frames[index]
        payload = frame.content()
        at = chance.randrange(len(payload) + 1)
        first = Frame(h2.HEADERS, frame.flags & ~h2.END_HEADERS, frame.stream, payload[:at])
        second = Frame(h2.CONTINUATION, h2.END_HEADERS, frame.stream, payload[at:])
        draft.frames[index : index + 1] = [first, second]


def _cut(draft: _Draft, chance: random.Random) -> None:
    share = chance.random()
    draft.changes.append(lambda data: data[: round(share * len(data))])


def _pause(draft: _Draft, chance: random.Random) -> None:
    draft.pauses.append(chance.random())


def _ending(draft: _Draft, chance: random.Random) -> None:
    draft.ending = chance.choice(((Hold(),), (Sleep(0.05), Reset()), (Sleep(0.1), Close())))


def _settings(draft: _Draft, chance: random.Random) -> None:
    draft.settings = h2.settings(*chance.choices(SETTINGS, k=chance.choice((1, 1, 2))))


# The oftener a change is listed, the oftener it is made.
# fmt: off
CHANGES: tuple[Change, ...] = (
    _on_frame(_unknown_flags), _on_frame(_pad), _on_frame(_pad), _on_frame(_grow), _on_frame(_message),
    _on_frame(_message), _on_fields(_insert_field), _on_fields(_insert_field), _on_fields(_replace_field),
    _on_fields(_drop_field), _on_fields(_shuffle_fields), _leave_open, _insert_for_connection, _insert_for_connection,
    _insert_for_stream, _insert_for_stream, _end_early, _end_early, _goaway, _goaway_before_stream, _continue, _cut,
    _cut, _pause, _pause, _ending, _settings,
)
# fmt: on


@dataclasses.dataclass(frozen=True)
class Recipe:
    name: str
    protocol: str
    """http2 or grpc."""
    sound: int
    mutations: tuple[tuple[int, int], ...]
    """The index of a change, and the seed of its chances."""

    def case(self) -> Case:
        answers = GRPC_ANSWERS if self.protocol == "grpc" else HTTP_ANSWERS
        draft = _Draft(answers[self.sound % len(answers)]())
        for change, seed in self.mutations:
            CHANGES[change](draft, random.Random(seed))
        answer = b"".join(frame.encode() for frame in draft.frames)
        for change_bytes in draft.changes:
            answer = change_bytes(answer)
        begin = (Send(draft.settings), ReadStream())
        first = (*begin, *_sent(answer, draft.pauses), *draft.ending)
        sound = b"".join(frame.encode() for frame in answers[0]())
        second = (Send(h2.settings()), ReadStream(), Send(sound), HalfClose(), Hold())
        if self.protocol == "grpc":
            return Case(self.name, grpc_probe(), (Listener((first, second)),))
        return Case(self.name, http_probe(scheme="HTTPS"), (Listener((first, second), tls=Tls(alpn=("h2",))),))

    def smaller(self) -> "Iterator[Recipe]":
        for left_out in range(len(self.mutations)):
            yield dataclasses.replace(self, mutations=self.mutations[:left_out] + self.mutations[left_out + 1 :])


def _sent(answer: bytes, pauses: list[float]) -> list[Step]:
    steps: list[Step] = []
    at = 0
    for share in sorted(pauses):
        until = round(share * len(answer))
        steps += [Send(answer[at:until]), Sleep(0.03)]
        at = until
    return [*steps, Send(answer[at:])]


def recipe(name: str, protocol: str, chance: random.Random) -> Recipe:
    mutations = [
        (chance.randrange(len(CHANGES)), chance.randrange(1 << 32)) for _ in range(chance.choice((1, 1, 2, 2, 3, 4)))
    ]
    return Recipe(name, protocol, chance.randrange(60), tuple(mutations))
