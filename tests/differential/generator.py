"""Cases made by chance, from a seed: answers, redirects and requests that nobody thought of.

A case is a sound answer and a list of mutations, each with a seed of its own, so that a mutation can be left out
and the others stay what they are: that is how a failing case is made smaller.
"""

import dataclasses
import random
from typing import Callable, Iterator

import generator_http2
from scripts import Case, Close, HalfClose, Hold, Listener, ReadHead, Reset, Send, Sleep, Step, Tls, http_probe

CAP = 10240

# fmt: off
SOUND = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nServer: test\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5\r\nhello\r\n0\r\nX-T: a\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello until the end",
    b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\nhello",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 204 No Content\r\nServer: test\r\n\r\n",
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\nsorry",
    b"HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsorry\r\n0\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 5\r\n\r\nthere",
    b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:PORT0/next?a=b\r\nContent-Length: 0\r\n\r\n",
    )

STATUS_LINES = (
    b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.1  200 OK", b"HTTP/1.1 20 OK",
    b"HTTP/1.1 2000 OK", b"HTTP/1.1 -20 OK", b"HTTP/2.0 200 OK", b"HTTP/0.9 200 OK", b"HTTP/1.1", b"HTTP/1.1 abc",
    b"http/1.1 200 OK", b"HTTP/1.1 101 Upgrade", b"HTTP/1.1 199 x", b"HTTP/1.1 301 x", b"HTTP/1.1 404 Not Found",
    b"HTTP/1.1 000 x", b"", b"220 mail", b"HTTP/1.1\t200 OK",
)
# fmt: on

# fmt: off
HEADER_LINES = (
    b"Content-Length: 5", b"Content-Length: 0", b"Content-Length: 6", b"Content-Length: 4", b"Content-Length: -1",
    b"Content-Length: 05", b"Content-Length: 5, 5", b"Content-Length:", b"Content-Length: 1e1", b"content-length: 5",
    b"Content-Length : 5", b"Content-Length: 99999999999999999999", b"Content-Length: +5", b"Content-Length: \t5 ",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: Chunked", b"Transfer-Encoding: identity",
    b"Transfer-Encoding:", b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: \x0bchunked", b"Connection: close", b"Connection: keep-alive", b"Connection: upgrade",
    b"Upgrade: h2c", b"Trailer: A, B", b"Trailer: Transfer-Encoding", b"Content-Encoding: gzip", b"Location: /x",
    b"Location: ", b"Location: //x/y", b"X", b"X:", b": x", b" X: y", b"\tX: y", b"X : y", b"X Y: z", b"X\x00: y",
    b"X: \x00", b"X: \x7f", b"X: \xff", b"X\xff: y", b"X: y\r", b"X: " + b"y" * 5000, b"\r", b"Set-Cookie: a=b",
    b"Date: now", b"X:: y", b"X: y:z",
)
# fmt: on

# fmt: off
TOKENS = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\n", b" ", b"\t", b":", b";", b",", b"\x00", b"\x01", b"\x7f", b"\x80",
    b"\xff", b"0", b"1", b"f", b"g", b"-", b"+", b"0x", b"%", b"%zz", b"%20", b"#", b"?", b"/", b"//", b"\\", b'"',
    b"'", b"<", b"[", b"]", b"@", b"HTTP/1.1", b"chunked", b"\xc3\xa4", b"\xe2\x82\xac", b"\xc3",
)
# fmt: on

# fmt: off
CHUNK_SIZES = (
    b"0", b"00", b"5", b"05", b"5 ", b" 5", b"5\t", b"5;", b"5;a", b"5 ; a=b", b"0x5", b"g", b"", b"-5", b"+5",
    b"ffffffffffffffff", b"10000000000000000", b"0000000000000005", b"00000000000000005", b"5\r", b"4", b"6",
    b"5;" + b"x" * 4100, b"A",
)
# fmt: on

# fmt: off
URL_PARTS = (
    "/", "//", "a", "next", ".", "..", "../", "?", "#", "a=b", "&", ";", ":", "@", "%", "%20", "%2F", "%zz", "%e4",
    "[", "]", "http:", "https:", "http://", "HTTP://", "127.0.0.1", "127.0.0.1:PORT0", "localhost", "::1", "[::1]",
    "[::1%25lo]", ":1", ":", ":x", "other.example", "user:secret@", " ", "\t", "ä", "€", "\"", "'", "<", ">", "{",
    "}", "|", "\\", "^", "`", "~", "*", "!", "$", "(", ")", "+", ",", "=", "-", "_", "mailto:x", "\x7f", "0",
)
# fmt: on

# fmt: off
HEADER_NAMES = (
    "X-Custom", "x-custom", "Accept", "User-Agent", "Host", "Connection", "Content-Length", "Referer", "TE", "Cookie",
    "Authorization", "x_y", "X Y", "1", "Ä", "Transfer-Encoding", "Accept-Encoding", "Trailer", "expect",
)
# fmt: on
# fmt: off
HEADER_VALUES = (
    "", "a", " a ", "a b", "a\tb", "ä", "*/*", "close", "keep-alive", "app.example", "app.example:80", "a\nb",
    "a\r\nb: c", "\x00", "\x7f", "a,b", "5", "chunked", "[::1]", "a/b", "\u0441", "x" * 300,
)
# fmt: on


@dataclasses.dataclass
class _Draft:
    """What mutations change, until it becomes a case."""

    answer: bytes
    ending: tuple[Step, ...] = (Close(),)
    pauses: list[tuple[int, float]] = dataclasses.field(default_factory=list)
    """After so many bytes, for so many seconds."""
    second: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"
    path: str = "/healthz"
    headers: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    tls: bool = False


Change = Callable[[_Draft, random.Random], None]


def _position(draft: _Draft, chance: random.Random) -> int:
    return chance.randrange(len(draft.answer) + 1)


def _replace_byte(draft: _Draft, chance: random.Random) -> None:
    at = _position(draft, chance)
    draft.answer = draft.answer[:at] + chance.choice(TOKENS)[:1] + draft.answer[at + 1 :]


def _random_byte(draft: _Draft, chance: random.Random) -> None:
    at = _position(draft, chance)
    draft.answer = draft.answer[:at] + bytes([chance.randrange(256)]) + draft.answer[at + 1 :]


def _insert_token(draft: _Draft, chance: random.Random) -> None:
    at = _position(draft, chance)
    draft.answer = draft.answer[:at] + chance.choice(TOKENS) + draft.answer[at:]


def _delete(draft: _Draft, chance: random.Random) -> None:
    at = _position(draft, chance)
    draft.answer = draft.answer[:at] + draft.answer[at + chance.choice((1, 1, 1, 2, 3, 10)) :]


def _cut(draft: _Draft, chance: random.Random) -> None:
    draft.answer = draft.answer[: _position(draft, chance)]


def _on_lines(change: Callable[[list[bytes], random.Random], None]) -> Change:
    def changed(draft: _Draft, chance: random.Random) -> None:
        lines = draft.answer.split(b"\r\n")
        change(lines, chance)
        draft.answer = b"\r\n".join(lines)

    return changed


def _duplicate_line(lines: list[bytes], chance: random.Random) -> None:
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))


def _drop_line(lines: list[bytes], chance: random.Random) -> None:
    lines.pop(chance.randrange(len(lines)))


def _insert_header(lines: list[bytes], chance: random.Random) -> None:
    lines.insert(chance.randrange(1, 4), chance.choice(HEADER_LINES))


def _change_status(lines: list[bytes], chance: random.Random) -> None:
    lines[0] = chance.choice(STATUS_LINES)


def _change_code(lines: list[bytes], chance: random.Random) -> None:
    lines[0] = b"HTTP/1.%d %d x" % (
        chance.randrange(2),
        chance.choice((200, 206, 301, 302, 303, 307, 308, 400, 404, 599)),
    )


def _change_chunk(lines: list[bytes], chance: random.Random) -> None:
    candidates = [index for index, line in enumerate(lines) if line.split(b";")[0] in (b"5", b"7", b"0")]
    if candidates:
        lines[chance.choice(candidates)] = chance.choice(CHUNK_SIZES)


def _line_ends(draft: _Draft, chance: random.Random) -> None:
    parts = draft.answer.split(b"\r\n")
    ends = [chance.choice((b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\r\n")) for _ in parts]
    draft.answer = b"".join(part + end for part, end in zip(parts, ends))


def _informational(draft: _Draft, chance: random.Random) -> None:
    head = b"HTTP/1.1 %d x\r\n%s\r\n" % (chance.choice((100, 100, 102, 103, 199)), chance.choice((b"", b"A: b\r\n")))
    draft.answer = head * chance.choice((1, 1, 2, 5, 6)) + draft.answer


def _grow(draft: _Draft, chance: random.Random) -> None:
    """A body around the size at which kubelet stops to read."""
    size = chance.choice((CAP - 1, CAP, CAP + 1, 2 * CAP, 4096, 2048, 2049))
    draft.answer = draft.answer.replace(b": 5\r\n", b": %d\r\n" % size).replace(b"\r\n5\r\n", b"\r\n%x\r\n" % size)
    for word in (b"hello", b"sorry", b"there"):
        draft.answer = draft.answer.replace(word, b"x" * size, 1)


def _pause(draft: _Draft, chance: random.Random) -> None:
    draft.pauses.append((_position(draft, chance), chance.choice((0.02, 0.05))))


def _ending(draft: _Draft, chance: random.Random) -> None:
    draft.ending = chance.choice(
        ((Hold(),), (Sleep(0.05), Reset()), (HalfClose(), Hold()), (Sleep(0.1), Close()), (Sleep(0.05), Reset()))
    )


def _url(chance: random.Random) -> str:
    return "".join(chance.choice(URL_PARTS) for _ in range(chance.randrange(1, 7)))


def _location(draft: _Draft, chance: random.Random) -> None:
    line = b"Location: " + _url(chance).encode()
    code = chance.choice((301, 302, 303, 307, 308))
    draft.answer = b"HTTP/1.1 %d x\r\n%s\r\nContent-Length: 2\r\n\r\nok" % (code, line)


def _path(draft: _Draft, chance: random.Random) -> None:
    draft.path = chance.choice(("/", "/", "")) + _url(chance)


def _headers(draft: _Draft, chance: random.Random) -> None:
    draft.headers += [
        (chance.choice(HEADER_NAMES), chance.choice(HEADER_VALUES)) for _ in range(chance.randrange(1, 4))
    ]


def _second(draft: _Draft, chance: random.Random) -> None:
    draft.second = chance.choice((b"", b"garbage\r\n\r\n", b"HTTP/1.1 404 x\r\n\r\n", *SOUND))


def _tls(draft: _Draft, _: random.Random) -> None:
    draft.tls = True


# The oftener a change is listed, the oftener it is made.
# fmt: off
CHANGES: tuple[Change, ...] = (
    _replace_byte, _replace_byte, _random_byte, _insert_token, _insert_token, _delete, _cut,
    _on_lines(_duplicate_line), _on_lines(_drop_line), _on_lines(_insert_header), _on_lines(_insert_header),
    _on_lines(_change_status), _on_lines(_change_code), _on_lines(_change_chunk), _on_lines(_change_chunk),
    _line_ends, _informational, _grow, _pause, _pause, _ending, _location, _location, _path, _path, _headers, _second,
    _tls,
)
# fmt: on


@dataclasses.dataclass(frozen=True)
class Recipe:
    name: str
    sound: bytes
    mutations: tuple[tuple[int, int], ...]
    """The index of a change, and the seed of its chances."""

    def case(self) -> Case:
        draft = _Draft(self.sound)
        for change, seed in self.mutations:
            CHANGES[change](draft, random.Random(seed))
        connections = tuple(
            (ReadHead(), *_sent(draft, answer), *draft.ending) for answer in (draft.answer, draft.second)
        )
        probe = http_probe(draft.path, draft.headers or None, scheme="HTTPS" if draft.tls else "HTTP")
        return Case(self.name, probe, (Listener(connections, tls=Tls() if draft.tls else None),))

    def smaller(self) -> "Iterator[Recipe]":
        for left_out in range(len(self.mutations)):
            yield dataclasses.replace(self, mutations=self.mutations[:left_out] + self.mutations[left_out + 1 :])


def _sent(draft: _Draft, answer: bytes) -> list[Step]:
    steps: list[Step] = []
    at = 0
    for until, seconds in sorted(draft.pauses):
        steps += [Send(answer[at:until]), Sleep(seconds)]
        at = max(at, until)
    return [*steps, Send(answer[at:])]


PROTOCOLS = ("http1", "http1", "http1", "http1", "http2", "grpc")
"""The oftener one is listed, the oftener it is tried."""


def _recipe(name: str, chance: random.Random) -> Recipe:
    mutations = [
        (chance.randrange(len(CHANGES)), chance.randrange(1 << 32)) for _ in range(chance.choice((1, 1, 2, 2, 3, 4)))
    ]
    return Recipe(name, chance.choice(SOUND), tuple(mutations))


def recipes(seed: int, count: int, only: str = "") -> list[Recipe | generator_http2.Recipe]:
    """A recipe depends on its seed and its number only, not on how many there are, and on `only`: of one protocol."""
    made: list[Recipe | generator_http2.Recipe] = []
    for number in range(count):
        name, chance = f"generated-{seed}-{number}", random.Random(f"{seed}/{number}")
        protocol = only or random.Random(f"{seed}/{number}/protocol").choice(PROTOCOLS)
        if protocol == "http1":
            made.append(_recipe(name, chance))
        else:
            made.append(generator_http2.recipe(name, protocol, chance))
    return made


def simpler(case: Case) -> Iterator[Case]:
    """The same case with less sent, less asked and less waited for."""
    listener = case.listeners[0]
    for index, script in enumerate(listener.connections):
        for other in _simpler_scripts(script):
            connections = listener.connections[:index] + (other,) + listener.connections[index + 1 :]
            yield dataclasses.replace(case, listeners=(dataclasses.replace(listener, connections=connections),))
    action = case.probe.get("httpGet")
    if action is None:
        return
    for headers in [
        action["httpHeaders"][:i] + action["httpHeaders"][i + 1 :] for i in range(len(action.get("httpHeaders", [])))
    ]:
        yield dataclasses.replace(case, probe={**case.probe, "httpGet": {**action, "httpHeaders": headers}})
    if action["path"] != "/healthz":
        yield dataclasses.replace(case, probe={**case.probe, "httpGet": {**action, "path": "/healthz"}})
    if len(listener.connections) > 1:
        yield dataclasses.replace(
            case, listeners=(dataclasses.replace(listener, connections=listener.connections[:1]),)
        )
    path = "" if action["path"] == "/healthz" else action["path"]
    for path in [path[:i] + path[i + 1 :] for i in range(len(path)) if len(path) > 1]:
        yield dataclasses.replace(case, probe={**case.probe, "httpGet": {**action, "path": path}})


def _simpler_scripts(script: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    for index, step in enumerate(script):
        before, after = script[:index], script[index + 1 :]
        if isinstance(step, Sleep):
            yield before + after
        elif isinstance(step, Send):
            size = len(step.data)
            while size >= 1:
                for at in range(0, len(step.data), size):
                    yield before + (Send(step.data[:at] + step.data[at + size :]),) + after
                size //= 2
