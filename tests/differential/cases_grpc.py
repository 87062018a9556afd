"""gRPC probes: what a health service may answer, and what a server that is none may do to HTTP/2."""

from http2_frames import ACK, CONTINUATION, DATA, END_HEADERS, GOAWAY, HAS_PRIORITY, HEADERS, PADDED, PING
from http2_frames import PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS, SETTINGS_ACK, WINDOW_UPDATE, Text, block, data
from http2_frames import field, frame, goaway, header_block, headers, message, ping, reset, settings, window_update
from scripts import IPV6, Case, Close, Connection, HalfClose, Hold, Listener, ReadHead, ReadStream, Reset, Send, Sleep
from scripts import Step, Tls, grpc_probe

BEGIN = (Send(settings()), ReadStream())
END = (Sleep(0.05), HalfClose(), Hold())
"""Not at once: whether a client still says what it thinks of an answer when the end comes with it is left to chance."""
HEAD = headers((":status", "200"), ("content-type", "application/grpc"))
TRAILERS = headers(("grpc-status", "0"), end=True)
SERVING = b"\x08\x01"
ANSWER = HEAD + data(message(SERVING)) + TRAILERS


def _steps(name: str, *steps: Step, more: tuple[Connection, ...] = (), service: str | None = None) -> Case:
    """What a server does from the first byte on; and on further connections."""
    return Case(f"grpc-{name}", grpc_probe(service), (Listener((steps, *more)),))


def _answer(name: str, answer: bytes, *then: Step) -> Case:
    """The server ends the connection after its answer, unless it is said what it does then."""
    return _steps(name, *BEGIN, Send(answer), *(then or END))


def _stays(name: str, answer: bytes) -> Case:
    return _answer(name, answer, Hold())


def _health(name: str, payload: bytes) -> Case:
    return _answer(name, HEAD + data(message(payload)) + TRAILERS)


def _status(name: str, *fields: tuple[Text, Text]) -> Case:
    """Headers that are the whole answer."""
    return _answer(name, headers((":status", "200"), ("content-type", "application/grpc"), *fields, end=True))


def _message(name: str, text: Text) -> Case:
    return _status(f"message-{name}", ("grpc-status", "5"), ("grpc-message", text))


def _head(name: str, *fields: tuple[Text, Text]) -> Case:
    """Headers before a sound message."""
    return _answer(name, headers(*fields) + data(message(SERVING)) + TRAILERS)


HEALTH = [
    _health("serving", SERVING),
    _health("not-serving", b"\x08\x02"),
    _health("unknown", b"\x08\x00"),
    _health("service-unknown", b"\x08\x03"),
    _health("status-missing", b""),
    _health("status-without-name", b"\x08\x07"),
    _health("status-negative", b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
    _health("status-of-64-bits", b"\x08\x81\x80\x80\x80\x80\x01"),
    _health("status-not-shortest", b"\x08\x81\x00"),
    _health("status-twice", b"\x08\x02\x08\x01"),
    _health("status-of-other-type", b"\x0d\x01\x00\x00\x00"),
    _health("unknown-fields", b"\x12\x03abc\x08\x01\x1b\x08\x02\x1c\x21\x00\x00\x00\x00\x00\x00\x00\x00"),
    _health("protobuf-cut-short", b"\x08"),
    _health("protobuf-length-too-long", b"\x12\x09abc"),
    _health("protobuf-varint-too-long", b"\x08" + b"\xff" * 10 + b"\x01"),
    _health("protobuf-field-zero", b"\x00\x01"),
    _health("protobuf-wire-type-unknown", b"\x0f\x01"),
    _health("protobuf-group-not-opened", b"\x1c"),
    _health("protobuf-group-not-closed", b"\x1b\x08\x01"),
    _health("protobuf-is-text", b"SERVING"),
]

STATUS = [
    _status(f"status-{code}", ("grpc-status", str(code)), ("grpc-message", "words")) for code in (*range(1, 17), 17, 99)
] + [
    _status("unimplemented", ("grpc-status", "12"), ("grpc-message", "unknown service grpc.health.v1.Health")),
    _status("status-0-without-message"),
    _status("status-ok-without-answer", ("grpc-status", "0")),
    _status("status-not-a-number", ("grpc-status", "abc")),
    _status("status-empty", ("grpc-status", "")),
    _status("status-minus", ("grpc-status", "-1")),
    _status("status-plus", ("grpc-status", "+5")),
    _status("status-with-underscore", ("grpc-status", "1_0")),
    _status("status-too-large", ("grpc-status", "99999999999")),
    _status("status-repeated", ("grpc-status", "5"), ("grpc-status", "7")),
    _status("status-details", ("grpc-status", "5"), ("grpc-message", "a"), ("grpc-status-details-bin", "CAUSAWI")),
    _status("status-details-broken", ("grpc-status", "5"), ("grpc-status-details-bin", "!")),
    _status("metadata-binary-broken", ("grpc-status", "5"), ("x-bin", "!")),
    _message("percent", "unknown%20service%3A%C3%A4"),
    _message("percent-broken", "a%zz%2"),
    _message("percent-at-the-end", "100%25%"),
    _message("not-utf-8", b"a\xff\xfeb"),
    _message("percent-not-utf-8", "a%ff%feb"),
    _message("newline", "a%0Ab"),
    _message("quotes", 'a"b\\c'),
    _message("empty", ""),
    _message("long", "x" * 9000),
    _answer("trailers-after-error-message", HEAD + headers(("grpc-status", "5"), ("grpc-message", "x"), end=True)),
    _answer("trailers-without-status", HEAD + data(message(SERVING)) + headers(("x", "y"), end=True)),
    _answer("trailers-with-error", HEAD + data(message(SERVING)) + headers(("grpc-status", "13"), end=True)),
    _answer("trailers-with-bad-status", HEAD + data(message(SERVING)) + headers(("grpc-status", "x"), end=True)),
    _answer("trailers-with-http-status", HEAD + data(message(SERVING)) + headers((":status", "500"), end=True)),
    _answer("trailers-twice", HEAD + data(message(SERVING)) + TRAILERS + TRAILERS),
    _answer("trailers-do-not-end", HEAD + data(message(SERVING)) + headers(("grpc-status", "0"))),
    _answer("data-after-trailers", ANSWER + data(b"x")),
]

HTTP = [
    _answer(f"http-{code}", headers((":status", str(code)), ("content-type", "text/html")) + data(b"words", True))
    for code in (100, 199, 204, 299, 301, 400, 401, 403, 404, 429, 500, 502, 503, 504, 600)
] + [
    _answer("http-503-ends", headers((":status", "503"), end=True)),
    _answer(
        "http-503-with-grpc-status",
        headers((":status", "503"), ("content-type", "application/grpc"), ("grpc-status", "5"), end=True),
    ),
    _answer("http-404-stays-open", headers((":status", "404"), ("content-type", "text/plain")), Hold()),
    _answer("http-status-not-a-number", headers((":status", "abc"), end=True)),
    _answer("http-status-with-sign", headers((":status", "+200"), ("content-type", "application/grpc"), end=True)),
    _answer("http-status-too-large", headers((":status", "99999999999"), end=True)),
    _answer("http-status-empty", headers((":status", ""), end=True)),
    _answer("http-status-missing", headers(("content-type", "application/grpc"), ("grpc-status", "0"), end=True)),
    _answer("http-status-and-type-missing", headers(("grpc-status", "0"), end=True)),
    _head("content-type-missing", (":status", "200")),
    _head("content-type-text", (":status", "200"), ("content-type", "text/plain")),
    _head("content-type-proto", (":status", "200"), ("content-type", "application/grpc+proto")),
    _head("content-type-json", (":status", "200"), ("content-type", "application/grpc+json")),
    _head("content-type-parameters", (":status", "200"), ("content-type", "application/grpc;charset=utf-8")),
    _head("content-type-upper-case", (":status", "200"), ("content-type", "Application/gRPC")),
    _head("content-type-longer", (":status", "200"), ("content-type", "application/grpc-web")),
    _head(
        "content-type-twice", (":status", "200"), ("content-type", "text/html"), ("content-type", "application/grpc")
    ),
    _head(
        "content-type-twice-last-bad", (":status", "200"), ("content-type", "application/grpc"), ("content-type", "x")
    ),
    _answer(
        "content-length-mismatch",
        headers((":status", "200"), ("content-type", "application/grpc"), ("content-length", "3"))
        + data(message(SERVING))
        + TRAILERS,
    ),
    _answer("informational", headers((":status", "103")) + ANSWER),
    _answer(
        "informational-100-then-answer", headers((":status", "100"), ("content-type", "application/grpc")) + ANSWER
    ),
]

MESSAGES = [
    _answer("message-in-two-frames", HEAD + data(message(SERVING)[:3]) + data(message(SERVING)[3:]) + TRAILERS),
    _answer("message-byte-by-byte", HEAD + b"".join(data(bytes([byte])) for byte in message(SERVING)) + TRAILERS),
    _answer("empty-data-first", HEAD + data(b"") + data(message(SERVING)) + TRAILERS),
    _answer("two-messages", HEAD + data(message(SERVING) + message(SERVING)) + TRAILERS),
    _answer("two-messages-in-two-frames", HEAD + data(message(SERVING)) + data(message(b"\x08\x02")) + TRAILERS),
    _answer("no-message", HEAD + TRAILERS),
    _answer("no-trailers", HEAD + data(message(SERVING), end=True)),
    _answer("no-message-nor-trailers", HEAD + data(b"", end=True)),
    _stays("message-but-no-end", HEAD + data(message(SERVING))),
    _answer("message-then-close", HEAD + data(message(SERVING))),
    _answer("message-prefix-cut-short", HEAD + data(b"\x00\x00\x00") + TRAILERS),
    _answer("message-cut-short", HEAD + data(b"\x00\x00\x00\x00\x05ab") + TRAILERS),
    _answer(
        "message-cut-short-by-error", HEAD + data(b"\x00\x00\x00\x00\x05ab") + headers(("grpc-status", "5"), end=True)
    ),
    _stays("message-does-not-end", HEAD + data(b"\x00\x00\x00\x00\x05ab")),
    _answer("message-oversize", HEAD + data(b"\x00\x00\x50\x00\x00")),
    _answer("message-of-4-gibibytes", HEAD + data(b"\x00\xff\xff\xff\xff") + TRAILERS),
    _answer(
        "message-large",
        HEAD
        + b"".join(
            data(part)
            for part in (
                message(SERVING + b"\x12\x80\x80\x01" + b"x" * 16384)[i : i + 8000] for i in range(0, 16400, 8000)
            )
        )
        + TRAILERS,
    ),
    _answer("compressed-flag", HEAD + data(message(SERVING, 1)) + TRAILERS),
    _answer(
        "compressed-flag-identity",
        headers((":status", "200"), ("content-type", "application/grpc"), ("grpc-encoding", "identity"))
        + data(message(SERVING, 1))
        + TRAILERS,
    ),
    _answer(
        "compressed-with-unknown",
        headers((":status", "200"), ("content-type", "application/grpc"), ("grpc-encoding", "br"))
        + data(message(SERVING, 1))
        + TRAILERS,
    ),
    _answer("compressed-flag-7", HEAD + data(message(SERVING, 7)) + TRAILERS),
    _answer(
        "encoding-named-but-not-used",
        headers((":status", "200"), ("content-type", "application/grpc"), ("grpc-encoding", "gzip"))
        + data(message(SERVING))
        + TRAILERS,
    ),
    _answer("data-before-headers", data(message(SERVING)) + HEAD + TRAILERS),
    _answer(
        "padded",
        frame(HEADERS, END_HEADERS | PADDED, 1, b"\x03" + HEAD[9:] + b"\0\0\0")
        + frame(DATA, PADDED, 1, b"\x04" + message(SERVING) + b"\0\0\0\0")
        + TRAILERS,
    ),
]

RESETS = [_answer(f"reset-{code}", reset(code)) for code in (*range(14), 14, 42, 0xFFFFFFFF)] + [
    _stays("reset-internal-stays-open", reset(2)),
    _stays("reset-refused-always", reset(7)),
    _stays("reset-after-headers", HEAD + reset(2)),
    _stays("reset-after-message", HEAD + data(message(SERVING)) + reset(2)),
    _stays("reset-no-error-after-message", HEAD + data(message(SERVING)) + reset(0)),
    _stays("reset-after-trailers", ANSWER + reset(8)),
    _steps(
        "reset-refused-then-served",
        Send(settings()),
        ReadStream(),
        Send(reset(7)),
        ReadStream(2),
        Send(ANSWER.replace(b"\0\0\0\1", b"\0\0\0\3")),
        *END,
    ),
    _answer("goaway-before-stream", goaway(0, 0, b"bye"), Hold()),
    _steps(
        "goaway-before-stream-then-served",
        *BEGIN,
        Send(goaway(0, 0, b"bye")),
        Hold(),
        more=((*BEGIN, Send(ANSWER), *END),),
    ),
    _steps("goaway-before-request", Send(settings() + goaway(0, 0)), Hold(), more=((*BEGIN, Send(ANSWER), *END),)),
    _answer("goaway-before-stream-with-error", goaway(0, 11, b"too_many_pings"), Hold()),
    _answer("goaway-before-stream-then-close", goaway(0, 2, b"bye")),
    _answer("goaway-then-answer", goaway(1, 0) + ANSWER, Hold()),
    _answer("goaway-of-most-streams-then-answer", goaway(0x7FFFFFFF, 0) + ANSWER, Hold()),
    _answer("goaway-then-close", goaway(1, 0, b"bye"), Sleep(0.05), *END),
    _answer("goaway-with-quoted-data-then-close", goaway(1, 11, b'b"\xff\n'), Sleep(0.05), *END),
    _answer("goaway-without-data-then-close", goaway(1, 2), Sleep(0.05), *END),
    _answer("goaway-even-stream", goaway(2, 0, b"bye"), Sleep(0.05), *END),
    _answer("goaway-twice-with-larger-stream", goaway(1, 0) + goaway(3, 0) + ANSWER, Hold()),
    _answer("goaway-twice-with-smaller-stream", goaway(3, 0) + goaway(1, 0) + ANSWER, Hold()),
    _answer("goaway-too-many-pings", goaway(1, 11, b"too_many_pings") + ANSWER, Hold()),
]

CONNECTION = [
    Case("grpc-nobody-listens", grpc_probe(), (Listener(state="closed"),)),
    Case("grpc-without-answer-to-syn", grpc_probe(), (Listener(state="full"),)),
    Case("grpc-ipv6", grpc_probe(), (Listener(((*BEGIN, Send(ANSWER), *END),), address=IPV6),), pod_address=IPV6),
    Case(
        "grpc-server-speaks-tls", grpc_probe(), (Listener(((ReadHead(keep=False), Close()),), tls=Tls(alpn=("h2",))),)
    ),
    _steps("service-named", *BEGIN, Send(ANSWER), *END, service="my.Service"),
    _steps("service-empty", *BEGIN, Send(ANSWER), *END, service=""),
    _steps("service-not-ascii", *BEGIN, Send(ANSWER), *END, service="grüße €"),
    _steps("service-long", *BEGIN, Send(ANSWER), *END, service="x" * 300),
    _steps("close-at-once", Close()),
    _steps("reset-at-once", Reset()),
    _steps("silence", Hold()),
    _steps("close-at-once-then-served", Close(), more=((*BEGIN, Send(ANSWER), *END),)),
    _steps("http-1-server", ReadHead(keep=False), Send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), *END),
    _steps("greeting", Send(b"SSH-2.0-OpenSSH_9.2\r\n"), Hold()),
    _steps("no-settings-but-ping", Send(ping()), Hold()),
    _steps("no-settings-but-acknowledgement", Send(SETTINGS_ACK), Hold()),
    _steps("settings-cut-short", Send(settings((3, 1))[:12]), *END),
    _steps("settings-late", Sleep(0.3), *BEGIN, Send(ANSWER), *END),
    _steps(
        "settings-in-pieces",
        Send(settings((3, 9))[:4]),
        Sleep(0.05),
        Send(settings((3, 9))[4:]),
        ReadStream(),
        Send(ANSWER),
        *END,
    ),
    _steps("settings-then-silence", *BEGIN, Hold()),
    _steps("settings-then-close", Send(settings()), *END),
    _steps("settings-then-reset", *BEGIN, Sleep(0.05), Reset()),
    _answer("close-after-request", b""),
    _answer("close-in-frame-header", b"\x00\x00\x05\x00"),
    _answer("close-in-frame", HEAD + data(b"abcde")[:12]),
    _answer("close-after-frame-header", HEAD + data(b"abcde")[:9]),
    _answer("close-after-headers", HEAD),
    _answer("reset-after-answer-s-headers", HEAD, Sleep(0.05), Reset()),
    _stays("silence-after-headers", HEAD),
    _steps(
        "answer-in-pieces",
        *BEGIN,
        *(step for i in range(0, len(ANSWER), 7) for step in (Send(ANSWER[i : i + 7]), Sleep(0.01))),
        *END,
    ),
    _steps("answer-slow", *BEGIN, Sleep(0.6), Send(ANSWER), *END),
    _stays("answer-stays-open", ANSWER),
]

SETTINGS_CASES = [
    _steps(f"settings-{name}", Send(settings(*pairs)), ReadStream(), Send(ANSWER), *then)
    for name, pairs, then in (
        ("max-streams-0", ((3, 0),), END),
        ("max-streams-1", ((3, 1),), END),
        ("header-table-0", ((1, 0),), END),
        ("header-table-large", ((1, 1 << 20),), END),
        ("window-0", ((4, 0),), END),
        ("window-largest", ((4, 0x7FFFFFFF),), END),
        ("window-too-large", ((4, 0x80000000),), (Hold(),)),
        ("frame-size-smallest", ((5, 16384),), END),
        ("frame-size-too-small", ((5, 100),), END),
        ("frame-size-too-large", ((5, 1 << 24),), END),
        ("header-list-size-small", ((6, 10),), END),
        ("header-list-size-enough", ((6, 4096),), END),
        ("push-enabled", ((2, 1),), END),
        ("push-odd", ((2, 7),), END),
        ("unknown", ((0x99, 7),), END),
        ("repeated", ((3, 0), (3, 9)), END),
    )
] + [
    _steps(
        "settings-window-0-then-more",
        Send(settings((4, 0))),
        Sleep(0.1),
        Send(window_update(1000, 1)),
        ReadStream(),
        Send(ANSWER),
        *END,
    ),
    _steps(
        "settings-window-0-then-settings",
        Send(settings((4, 0))),
        Sleep(0.1),
        Send(settings((4, 100))),
        ReadStream(),
        Send(ANSWER),
        *END,
    ),
    _steps(
        "settings-window-2",
        Send(settings((4, 2))),
        Sleep(0.1),
        Send(window_update(3, 1)),
        ReadStream(),
        Send(ANSWER),
        *END,
    ),
    _steps(
        "settings-max-streams-0-then-1",
        Send(settings((3, 0))),
        Sleep(0.1),
        Send(settings((3, 1))),
        ReadStream(),
        Send(ANSWER),
        *END,
    ),
    _answer("settings-again", settings((3, 5)) + ANSWER),
    _answer("settings-acknowledged", SETTINGS_ACK + ANSWER),
    _answer("settings-acknowledged-twice", SETTINGS_ACK + SETTINGS_ACK + ANSWER),
    _answer("settings-acknowledged-with-payload", frame(SETTINGS, ACK, 0, b"\0\3\0\0\0\1") + ANSWER),
    _answer("settings-of-odd-length", frame(SETTINGS, 0, 0, b"abc") + ANSWER),
    _answer("settings-on-stream", frame(SETTINGS, 0, 1) + ANSWER),
    _steps("settings-first-of-odd-length", Send(frame(SETTINGS, 0, 0, b"abc")), Hold()),
]

FRAMES = [
    _stays("frame-too-large", b"\x00\x40\x01\x00\x00\x00\x00\x00\x01"),
    _answer("frame-of-largest-size", HEAD + data(message(SERVING + b"\x12\xf4\x7f" + b"x" * 16372)) + TRAILERS),
    _answer("frame-unknown", frame(200, 0, 1, b"abc") + ANSWER),
    _stays("data-on-stream-0", frame(DATA, 0, 0, b"x")),
    _stays("data-on-stream-2", data(b"x", stream=2) + ANSWER),
    _stays("data-on-stream-3", data(b"x", stream=3) + ANSWER),
    _stays("data-padding-too-long", HEAD + frame(DATA, PADDED, 1, b"\x09abc")),
    _stays("data-padding-missing", HEAD + frame(DATA, PADDED, 1)),
    _stays("headers-on-stream-0", headers((":status", "200"), stream=0)),
    _stays("headers-on-stream-2", headers((":status", "200"), stream=2) + ANSWER),
    _stays("headers-on-stream-3", headers((":status", "200"), stream=3) + ANSWER),
    _stays("headers-in-the-middle", HEAD + headers(("x", "y"))),
    _stays("headers-padding-too-long", frame(HEADERS, END_HEADERS | PADDED, 1, b"\xf0abc")),
    _stays("headers-padding-missing", frame(HEADERS, END_HEADERS | PADDED, 1)),
    _answer(
        "headers-priority",
        frame(HEADERS, END_HEADERS | HAS_PRIORITY, 1, b"\0\0\0\0\x10" + HEAD[9:]) + data(message(SERVING)) + TRAILERS,
    ),
    _stays("headers-priority-cut-short", frame(HEADERS, END_HEADERS | HAS_PRIORITY, 1, b"\0\0")),
    _answer("priority", frame(PRIORITY, 0, 1, b"\0\0\0\0\x10") + ANSWER),
    _stays("priority-too-short", frame(PRIORITY, 0, 1, b"abc")),
    _stays("priority-on-stream-0", frame(PRIORITY, 0, 0, b"\0\0\0\0\x10")),
    _stays("reset-too-short", frame(RST_STREAM, 0, 1, b"abc")),
    _stays("reset-on-stream-0", reset(2, stream=0)),
    _stays("reset-on-stream-3", reset(2, stream=3) + ANSWER),
    _stays("push-promise", frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\2" + block((":method", "GET")))),
    _answer("ping", ping() + ANSWER),
    _answer("ping-acknowledged-unasked", ping(flags=ACK) + ANSWER),
    _stays("ping-too-short", ping(b"abc")),
    _stays("ping-on-stream", frame(PING, 0, 1, b"12345678")),
    _stays("goaway-too-short", frame(GOAWAY, 0, 0, b"abc")),
    _stays("goaway-on-stream", frame(GOAWAY, 0, 1, b"abcdefgh")),
    _stays("window-update-0-on-stream", window_update(0, 1) + ANSWER),
    _stays("window-update-0", window_update(0)),
    _stays("window-update-too-short", frame(WINDOW_UPDATE, 0, 0, b"abc")),
    _answer("window-update", window_update(1000) + window_update(1000, 1) + ANSWER),
    _stays("window-update-overflow", window_update(0x7FFFFFFF) + ANSWER),
    _stays("window-update-overflow-on-stream", window_update(0x7FFFFFFF, 1) + ANSWER),
    _stays("continuation-alone", frame(CONTINUATION, END_HEADERS, 1)),
    _stays("continuation-missing", frame(HEADERS, 0, 1, HEAD[9:]) + data(message(SERVING))),
    _stays("continuation-of-other-stream", frame(HEADERS, 0, 1, HEAD[9:]) + frame(CONTINUATION, END_HEADERS, 3)),
    _answer(
        "continuations",
        frame(HEADERS, 0, 1, HEAD[9:20])
        + frame(CONTINUATION, 0, 1, HEAD[20:30])
        + frame(CONTINUATION, END_HEADERS, 1, HEAD[30:])
        + data(message(SERVING))
        + TRAILERS,
    ),
    _answer("reserved-bit", HEAD[:5] + b"\x80" + HEAD[6:] + data(message(SERVING)) + TRAILERS),
    _answer("flags-unknown", HEAD[:4] + b"\xd4" + HEAD[5:] + data(message(SERVING)) + TRAILERS),
]

FIELDS = [
    _answer("name-in-upper-case", headers((":status", "200"), ("Bad", "x"), end=True)),
    _answer("name-empty", headers((":status", "200"), ("", "x"), end=True)),
    _answer("name-with-space", headers((":status", "200"), ("a b", "x"), end=True)),
    _answer("value-with-control", headers((":status", "200"), ("bad", b"x\x01"), end=True)),
    _answer("value-with-newline", headers((":status", "200"), ("bad", "a\nb"), end=True)),
    _answer(
        "value-not-utf-8",
        headers((":status", "200"), ("content-type", "application/grpc"), ("x", b"\xff"))
        + data(message(SERVING))
        + TRAILERS,
    ),
    _answer("pseudo-twice", headers((":status", "200"), (":status", "200"), end=True)),
    _answer("pseudo-unknown", headers((":foo", "200"), end=True)),
    _answer("pseudo-of-request", headers((":status", "200"), (":path", "/"), end=True)),
    _answer("pseudo-late", headers(("a", "b"), (":status", "200"), end=True)),
    _answer(
        "header-list-long",
        frame(HEADERS, 0, 1, HEAD[9:])
        + b"".join(frame(CONTINUATION, 0, 1, field("a", "v" * 4000)) for _ in range(3))
        + frame(CONTINUATION, END_HEADERS, 1)
        + data(message(SERVING))
        + TRAILERS,
    ),
    _stays("hpack-integer-too-long", header_block(b"\xff" * 11)),
    _stays("hpack-index-0", header_block(b"\x80")),
    _stays("hpack-index-unknown", header_block(b"\xbe")),
    _stays("hpack-cut-short", header_block(field("a", "bcdef")[:-2])),
    _stays("hpack-table-too-large", header_block(b"\x3f\xff\xff\x7f" + HEAD[9:])),
    _stays("hpack-table-late", header_block(b"\x88\x20")),
    _answer(
        "hpack-static-index", header_block(b"\x88\x5f" + b"\x10application/grpc") + data(message(SERVING)) + TRAILERS
    ),
    _answer(
        "hpack-dynamic-table",
        header_block(b"\x88" + field("grpc-status", "0", b"\x40") + b"\x5f\x10application/grpc")
        + data(message(SERVING))
        + header_block(b"\xbe", end=True),
    ),
    _answer(
        "hpack-huffman",
        header_block(b"\x88\x5f\x8b\x1d\x75\xd0\x62\x0d\x26\x3d\x4c\x4d\x65\x64") + data(message(SERVING)) + TRAILERS,
    ),
    _stays("hpack-huffman-broken", header_block(b"\x88\x5f\x82\xff\xff")),
]

CASES = [*HEALTH, *STATUS, *HTTP, *MESSAGES, *RESETS, *CONNECTION, *SETTINGS_CASES, *FRAMES, *FIELDS]
