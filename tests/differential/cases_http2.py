"""HTTPS probes of a server that chooses HTTP/2 (ALPN h2): what it may answer, and how frames may be wrong."""

from http2_frames import ACK, CONTINUATION, DATA, END_HEADERS, GOAWAY, HAS_PRIORITY, HEADERS, PADDED, PING, PRIORITY
from http2_frames import PUSH_PROMISE, RST_STREAM, SETTINGS, SETTINGS_ACK, WINDOW_UPDATE, Text, block, data, field
from http2_frames import frame, goaway, header_block, headers, ping, reset, settings, window_update
from scripts import IPV6, Case, Close, CloseNotify, Connection, HalfClose, Hold, Listener, ReadStream, Reset, Send
from scripts import Sleep, Step, Tls, http_probe

H2 = Tls(alpn=("h2", "http/1.1"))
BEGIN = (Send(settings()), ReadStream())
END = (Sleep(0.05), HalfClose(), Hold())
"""Not at once: whether a client still says what it thinks of an answer when the end comes with it is left to chance."""
CAP = 10240


def _steps(name: str, *steps: Step, more: tuple[Connection, ...] = (), tls: Tls = H2) -> Case:
    """What a server does from the first byte on; and on further connections."""
    return Case(f"http2-{name}", http_probe(scheme="HTTPS"), (Listener((steps, *more), tls=tls),))


def _answer(name: str, answer: bytes, *then: Step) -> Case:
    """The server ends the connection after its answer, unless it is said what it does then."""
    return _steps(name, *BEGIN, Send(answer), *(then or END))


def _stays(name: str, answer: bytes) -> Case:
    return _answer(name, answer, Hold())


def _head(*fields: tuple[Text, Text], end: bool = False) -> bytes:
    return headers((":status", "200"), *fields, end=end)


def _request(
    name: str, path: str = "/healthz", host: str | None = None, extra: list[tuple[str, str]] | None = None
) -> Case:
    """What the server gets to see."""
    probe = http_probe(path, extra, scheme="HTTPS", **({} if host is None else {"host": host}))
    return Case(f"http2-request-{name}", probe, (Listener(((*BEGIN, Send(OK), *END),), tls=H2),))


def _redirect(name: str, location: str, *fields: tuple[Text, Text], code: str = "302", body: bytes = b"") -> Case:
    """A redirect, and a sound answer to what follows it."""
    first = headers((":status", code), ("location", location), *fields, end=not body) + (
        data(body, True) if body else b""
    )
    return _steps(f"redirect-{name}", *BEGIN, Send(first), *END, more=((*BEGIN, Send(OK), *END),))


OK = _head(("server", "test")) + data(b"hello", True)
WINDOW = 0x7FFFFFFF

REQUESTS = [
    _request("plain"),
    _request("query", "/a?b=c&d=%20"),
    _request("empty-path", ""),
    _request("escaped-path", "/ä/%2f"),
    _request("host-name", host="localhost"),
    _request("headers", extra=[("X-Custom", "a"), ("x-custom", "b"), ("A", " c ")]),
    _request("host-header", extra=[("Host", "app.example")]),
    _request("user-agent", extra=[("User-Agent", "mine")]),
    _request("no-user-agent", extra=[("User-Agent", "")]),
    _request("accept-empty", extra=[("Accept", "")]),
    _request("authorization", extra=[("Authorization", "Basic dTpw"), ("Cookie", "a=b; c=d")]),
    _request("connection-close", extra=[("Connection", "close")]),
    _request("connection-header", extra=[("Connection", "keep-alive"), ("Keep-Alive", "x"), ("Proxy-Connection", "y")]),
    _request("te-trailers", extra=[("TE", "trailers")]),
    _request("te-other", extra=[("TE", "gzip")]),
    _request("transfer-encoding", extra=[("Transfer-Encoding", "chunked")]),
    _request("content-length", extra=[("Content-Length", "5")]),
    _request("value-not-ascii", extra=[("X", "grüße")]),
    _request("long-header", extra=[("X", "y" * 20000)]),
    Case(
        "http2-request-ipv6",
        http_probe(scheme="HTTPS"),
        (Listener(((*BEGIN, Send(OK), *END),), address=IPV6, tls=H2),),
        pod_address=IPV6,
    ),
]

RESPONSES = [
    _answer(f"status-{code}", headers((":status", code)) + data(b"words", True))
    for code in (
        "200",
        "204",
        "299",
        "300",
        "304",
        "400",
        "404",
        "500",
        "503",
        "600",
        "999",
        "99",
        "0",
        "-5",
        "+200",
        "2000",
        "0200",
    )
] + [
    _answer("status-missing", headers(("a", "b"), end=True)),
    _answer("status-empty", headers((":status", ""), end=True)),
    _answer("status-letters", headers((":status", "abc"), end=True)),
    _answer("status-underscore", headers((":status", "2_0"), end=True)),
    _answer("status-too-large", headers((":status", "9" * 30), end=True)),
    _answer("ok", OK),
    _answer("empty", _head(end=True)),
    _answer("empty-data", _head() + data(b"", True)),
    _answer("no-fields", headers(end=True)),
    _answer("content-length", _head(("content-length", "5")) + data(b"hello", True)),
    _answer("content-length-too-long", _head(("content-length", "9")) + data(b"hello", True)),
    _answer("content-length-too-short", _head(("content-length", "3")) + data(b"hello", True)),
    _stays("content-length-too-short-and-open", _head(("content-length", "3")) + data(b"hello")),
    _stays("content-length-reached-and-open", _head(("content-length", "5")) + data(b"hello")),
    _answer("content-length-but-no-body", _head(("content-length", "3"), end=True)),
    _answer("content-length-0-with-body", _head(("content-length", "0")) + data(b"hello", True)),
    _answer("content-length-twice", _head(("content-length", "5"), ("content-length", "6")) + data(b"hello", True)),
    _answer("content-length-letters", _head(("content-length", "x")) + data(b"hello", True)),
    _answer("content-length-minus", _head(("content-length", "-5")) + data(b"hello", True)),
    _answer("content-length-of-500", headers((":status", "500"), ("content-length", "9")) + data(b"x", True)),
    _answer("trailers", _head() + data(b"abc") + headers(("a", "b"), end=True)),
    _answer("trailers-without-end", _head() + data(b"abc") + headers(("a", "b"))),
    _answer("trailers-with-pseudo", _head() + data(b"abc") + headers((":status", "200"), end=True)),
    _answer("trailers-with-bad-name", _head() + data(b"abc") + headers(("A", "b"), end=True)),
    _answer(
        "trailers-but-content-missing", _head(("content-length", "9")) + data(b"abc") + headers(("a", "b"), end=True)
    ),
    _answer("headers-twice", _head() + _head()),
    _answer("informational", headers((":status", "103"), ("link", "x")) + OK),
    _answer("informational-many", headers((":status", "100")) * 20 + OK),
    _answer("informational-ends", headers((":status", "103"), end=True)),
    _stays("informational-only", headers((":status", "100"))),
    _answer("informational-101", headers((":status", "101")) + OK),
    _answer("informational-then-data", headers((":status", "100")) + data(b"x", True)),
    _answer("data-first", data(b"x") + OK),
    _answer("data-after-end", OK + data(b"x")),
    _answer("headers-after-end", OK + _head(end=True)),
    _answer("reset-after-end", OK + reset(2)),
    _answer("body-below-cap", _head() + data(b"x" * (CAP - 1), True)),
    _answer("body-at-cap", _head() + data(b"x" * CAP, True)),
    _stays("body-at-cap-stays-open", _head() + data(b"x" * CAP)),
    _stays("body-above-cap", _head() + data(b"x" * 9000) + data(b"y" * 9000)),
    _answer(
        "body-above-cap-with-length", _head(("content-length", "18000")) + data(b"x" * 9000) + data(b"y" * 9000, True)
    ),
    _stays("body-above-cap-then-reset", _head() + data(b"x" * 9000) + data(b"y" * 9000) + reset(2)),
    _answer("body-below-cap-then-close", _head() + data(b"x" * (CAP - 1))),
    _answer("body-byte-by-byte", _head() + b"".join(data(bytes([byte])) for byte in b"hello") + data(b"", True)),
    _answer("body-padded", _head() + frame(DATA, PADDED, 1, b"\x04hello\0\0\0\0") + data(b"", True)),
    _answer("body-gzip", _head(("content-encoding", "gzip")) + data(b"\x1f\x8b", True)),
    _answer("body-not-utf-8", _head() + data(b"\xff\xfe", True)),
    _steps(
        "answer-in-pieces",
        *BEGIN,
        *(step for i in range(0, len(OK), 5) for step in (Send(OK[i : i + 5]), Sleep(0.01))),
        *END,
    ),
    _steps("answer-slow", *BEGIN, Sleep(0.6), Send(OK), *END),
    _stays("answer-stays-open", OK),
    _answer("answer-then-close-notify", OK, CloseNotify()),
]

REDIRECTS = [
    _redirect("relative", "/next"),
    _redirect("absolute", "https://127.0.0.1:PORT0/next"),
    _redirect("with-body", "/next", body=b"moved"),
    _redirect("long-body", "/next", ("content-length", "5000"), body=b"x" * 5000),
    _redirect("body-beyond-2-kib", "/next", body=b"x" * 3000),
    _redirect("other-host", "https://other.example/", body=b"moved"),
    _redirect("to-http", "http://127.0.0.1:PORT0/next"),
    _redirect("code-301", "/next", code="301"),
    _redirect("code-307", "/next", code="307"),
    _redirect("code-304", "/next", code="304"),
    _redirect("location-broken", "https://[::1", body=b"x"),
    _redirect("location-empty", "", body=b"x"),
    Case(
        "http2-redirect-loop",
        http_probe(scheme="HTTPS", timeout=5),
        (Listener(((*BEGIN, Send(headers((":status", "302"), ("location", "/again"), end=True)), *END),), tls=H2),),
    ),
]

ENDINGS = (
    [_answer(f"reset-{code}", reset(code)) for code in (0, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 42, 0xFFFFFFFF)]
    + [
        _steps(f"reset-{code}-then-ok", *BEGIN, Send(reset(code)), *END, more=((*BEGIN, Send(OK), *END),))
        for code in (1, 7)
    ]
    + [
        _answer("reset-after-headers", _head() + reset(2)),
        _answer("reset-refused-after-headers", _head() + reset(7)),
        _answer("reset-protocol-error-after-headers", _head() + reset(1)),
        _answer("reset-in-body", _head() + data(b"abc") + reset(2)),
        _answer("reset-no-error-in-body", _head() + data(b"abc") + reset(0)),
        _answer("reset-cancel-in-body", _head() + data(b"abc") + reset(8), Hold()),
        _steps(
            "goaway-before-stream-then-ok", *BEGIN, Send(goaway(0, 0, b"bye")), Hold(), more=((*BEGIN, Send(OK), *END),)
        ),
        _stays("goaway-before-stream-with-error", goaway(0, 2, b"bye")),
        _answer("goaway-before-stream-in-body", _head() + data(b"abc") + goaway(0, 0)),
        _answer("goaway-before-stream-with-error-in-body", _head() + data(b"abc") + goaway(0, 2)),
        _stays("goaway-then-answer", goaway(1, 0) + OK),
        _stays("goaway-with-error-then-answer", goaway(1, 2) + OK),
        _answer("goaway-then-close", goaway(1, 0, b"bye"), Sleep(0.05), *END),
        _answer("goaway-with-error-then-close", goaway(1, 11, b'b"\xff\n'), Sleep(0.05), *END),
        _answer("goaway-twice-then-close", goaway(WINDOW, 0, b"first") + goaway(1, 2, b"second"), Sleep(0.05), *END),
        _answer("goaway-twice-with-errors-then-close", goaway(3, 3) + goaway(1, 2, b"second"), Sleep(0.05), *END),
        _answer("goaway-in-body-then-close", _head() + data(b"abc") + goaway(1, 0, b"bye"), Sleep(0.05), *END),
        _answer("goaway-then-part-of-header", goaway(1, 0) + b"\x00\x00\x05\x00", Sleep(0.05), *END),
        _answer("goaway-then-frame-header", goaway(1, 0) + _head() + data(b"abcde")[:9], Sleep(0.05), *END),
        _answer("goaway-then-part-of-frame", goaway(1, 0) + _head() + data(b"abcde")[:12], Sleep(0.05), *END),
        _steps("goaway-then-reset", *BEGIN, Send(goaway(1, 0)), Sleep(0.1), Reset()),
        _steps(
            "goaway-before-request-then-ok", Send(settings() + goaway(0, 0)), Hold(), more=((*BEGIN, Send(OK), *END),)
        ),
        _answer("close-after-request", b""),
        _answer("close-notify-after-request", b"", CloseNotify()),
        _answer("close-in-frame-header", b"\x00\x00\x05\x00"),
        _answer("close-after-frame-header", _head() + data(b"abcde")[:9]),
        _answer("close-in-frame", _head() + data(b"abcde")[:12]),
        _answer("close-after-headers", _head()),
        _answer("close-in-body", _head() + data(b"abc")),
        _answer("close-in-header-list", frame(HEADERS, 0, 1, _head()[9:])),
        _answer("connection-reset", b"", Sleep(0.05), Reset()),
        _answer("connection-reset-in-body", _head() + data(b"abc"), Sleep(0.05), Reset()),
        _answer("connection-reset-at-length", _head(("content-length", "3")) + data(b"abc"), Sleep(0.05), Reset()),
        _stays("silence-after-request", b""),
        _stays("silence-after-headers", _head()),
        _stays("silence-in-body", _head() + data(b"abc")),
        _stays("silence-in-header-list", frame(HEADERS, 0, 1, _head()[9:])),
        _steps("close-at-once", Close()),
        _steps("close-at-once-chosen-only", Close(), tls=Tls(alpn=("h2",))),
        _steps("close-notify-at-once", CloseNotify()),
        _steps("silence", Hold()),
        _steps("tls-1-2", *BEGIN, Send(OK), *END, tls=Tls("TLSv1_2", "TLSv1_2", alpn=("h2",))),
    ]
)

BEGINNINGS = (
    [
        _steps("http-1-answer", ReadStream(), Send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), *END),
        _steps("greeting", Send(b"SSH-2.0-OpenSSH_9.2\r\n" + b"x" * 20), Hold()),
        _steps("no-settings-but-answer", ReadStream(), Send(OK), Hold()),
        _steps("no-settings-but-ping", ReadStream(), Send(ping()), Hold()),
        _steps("no-settings-but-acknowledgement", ReadStream(), Send(SETTINGS_ACK + OK), *END),
        _steps("no-settings-but-goaway", ReadStream(), Send(goaway(0, 2)), Hold()),
        _steps("settings-after-request", ReadStream(), Send(settings() + OK), *END),
        _steps("settings-late", ReadStream(), Sleep(0.3), Send(settings() + OK), *END),
    ]
    + [
        _steps(f"settings-{name}", ReadStream(), Send(settings(*pairs) + OK), *END)
        for name, pairs in (
            ("max-streams-0", ((3, 0),)),
            ("header-table-0", ((1, 0),)),
            ("header-table-large", ((1, 1 << 20),)),
            ("window-0", ((4, 0),)),
            ("window-largest", ((4, 0x7FFFFFFF),)),
            ("window-too-large", ((4, 0x80000000),)),
            ("window-too-large-second", ((4, 1), (4, 0x80000000))),
            ("frame-size-too-small", ((5, 100),)),
            ("frame-size-too-large", ((5, 1 << 24),)),
            ("header-list-size-small", ((6, 10),)),
            ("push-enabled", ((2, 1),)),
            ("push-odd", ((2, 7),)),
            ("connect-protocol", ((8, 1),)),
            ("connect-protocol-odd", ((8, 2),)),
            ("unknown", ((0x99, 7),)),
        )
    ]
    + [
        _answer("settings-again", settings((3, 5)) + OK),
        _answer("settings-acknowledged", SETTINGS_ACK + OK),
        _stays("settings-acknowledged-twice", SETTINGS_ACK + SETTINGS_ACK + OK),
        _stays("settings-acknowledged-with-payload", frame(SETTINGS, ACK, 0, b"\0\3\0\0\0\1") + OK),
        _stays("settings-of-odd-length", frame(SETTINGS, 0, 0, b"abc") + OK),
        _stays("settings-on-stream", frame(SETTINGS, 0, 1) + OK),
    ]
)

FRAMES = [
    _stays("frame-too-large", b"\x00\x40\x01\x00\x00\x00\x00\x00\x01"),
    _answer("frame-of-largest-size", _head() + data(b"x" * 16384, True)),
    _answer("frame-unknown", frame(200, 0, 1, b"abc") + OK),
    _stays("data-on-stream-0", frame(DATA, 0, 0, b"x")),
    _stays("data-on-stream-2", data(b"x", stream=2) + OK),
    _stays("data-on-stream-3", data(b"x", stream=3) + OK),
    _stays("data-padding-too-long", _head() + frame(DATA, PADDED, 1, b"\x09abc")),
    _stays("data-padding-missing", _head() + frame(DATA, PADDED, 1)),
    _stays("headers-on-stream-0", headers((":status", "200"), stream=0)),
    _stays("headers-on-stream-2", headers((":status", "200"), stream=2) + OK),
    _stays("headers-on-stream-3", headers((":status", "200"), stream=3) + OK),
    _answer(
        "headers-padded", frame(HEADERS, END_HEADERS | PADDED, 1, b"\x03" + _head()[9:] + b"\0\0\0") + data(b"hi", True)
    ),
    _stays("headers-padding-too-long", frame(HEADERS, END_HEADERS | PADDED, 1, b"\xf0abc")),
    _stays("headers-padding-missing", frame(HEADERS, END_HEADERS | PADDED, 1)),
    _answer(
        "headers-priority",
        frame(HEADERS, END_HEADERS | HAS_PRIORITY, 1, b"\0\0\0\0\x10" + _head()[9:]) + data(b"hi", True),
    ),
    _stays("headers-priority-cut-short", frame(HEADERS, END_HEADERS | HAS_PRIORITY, 1, b"\0\0")),
    _answer("priority", frame(PRIORITY, 0, 1, b"\0\0\0\0\x10") + OK),
    _stays("priority-too-short", frame(PRIORITY, 0, 1, b"abc")),
    _stays("priority-on-stream-0", frame(PRIORITY, 0, 0, b"\0\0\0\0\x10")),
    _stays("reset-too-short", frame(RST_STREAM, 0, 1, b"abc")),
    _stays("reset-on-stream-0", reset(2, stream=0)),
    _stays("reset-on-stream-3", reset(2, stream=3) + OK),
    _stays("push-promise", frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\2" + block((":method", "GET")))),
    _stays("push-promise-on-stream-0", frame(PUSH_PROMISE, END_HEADERS, 0, b"\0\0\0\2")),
    _stays("push-promise-too-short", frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0")),
    _answer("ping", ping() + OK),
    _steps("ping-then-wait", *BEGIN, Send(ping()), Sleep(0.1), Send(OK), *END),
    _answer("ping-acknowledged-unasked", ping(flags=ACK) + OK),
    _stays("ping-too-short", ping(b"abc")),
    _stays("ping-on-stream", frame(PING, 0, 1, b"12345678")),
    _stays("goaway-too-short", frame(GOAWAY, 0, 0, b"abc")),
    _stays("goaway-on-stream", frame(GOAWAY, 0, 1, b"abcdefgh")),
    _stays("window-update-0", window_update(0)),
    _stays("window-update-0-on-stream", window_update(0, 1) + OK),
    _stays("window-update-0-on-other-stream", window_update(0, 3) + OK),
    _stays("window-update-too-short", frame(WINDOW_UPDATE, 0, 0, b"abc")),
    _answer("window-update", window_update(1000) + window_update(1000, 1) + OK),
    _stays("window-update-overflow", window_update(0x7FFFFFFF) + OK),
    _stays("window-update-overflow-on-other-stream", window_update(0x7FFFFFFF, 3) + OK),
    _stays("continuation-alone", frame(CONTINUATION, END_HEADERS, 1)),
    _stays("continuation-missing", frame(HEADERS, 0, 1, _head()[9:]) + data(b"hi", True)),
    _stays("continuation-interrupted", frame(HEADERS, 0, 1, _head()[9:]) + ping()),
    _stays("continuation-interrupted-by-error", frame(HEADERS, 0, 1, _head()[9:]) + window_update(0, 1)),
    _stays("continuation-of-other-stream", frame(HEADERS, 0, 1, _head()[9:]) + frame(CONTINUATION, END_HEADERS, 3)),
    _answer(
        "continuations",
        frame(HEADERS, 0, 1, OK[9:20])
        + frame(CONTINUATION, 0, 1, OK[20:25])
        + frame(CONTINUATION, END_HEADERS, 1, OK[25 : 9 + OK[2]])
        + data(b"hi", True),
    ),
    _answer(
        "continuation-empty",
        frame(HEADERS, 0, 1) + frame(CONTINUATION, END_HEADERS, 1, _head()[9:]) + data(b"hi", True),
    ),
    _answer("reserved-bit", OK[:5] + b"\x80" + OK[6:]),
    _answer("flags-unknown", OK[:4] + b"\xd4" + OK[5:]),
]

FIELDS = [
    _answer("name-in-upper-case", _head(("Bad", "x"), end=True)),
    _answer("name-empty", _head(("", "x"), end=True)),
    _answer("name-with-space", _head(("a b", "x"), end=True)),
    _answer("name-not-ascii", _head((b"\xc3\xa4", "x"), end=True)),
    _answer(
        "name-in-upper-case-before-continuation",
        frame(HEADERS, 0, 1, _head(("Bad", "x"))[9:]) + frame(CONTINUATION, END_HEADERS, 1),
    ),
    _answer("value-with-control", _head(("bad", b"x\x01"), end=True)),
    _answer("value-with-newline", _head(("bad", "a\nb"), end=True)),
    _answer("value-with-delete", _head(("bad", b"\x7f"), end=True)),
    _answer("value-not-utf-8", _head(("x", b"\xff")) + data(b"hi", True)),
    _answer("name-and-value-bad", _head(("Bad", b"\x01"), end=True)),
    _answer("pseudo-twice", headers((":status", "200"), (":status", "200"), end=True)),
    _answer("pseudo-unknown", headers((":foo", "200"), end=True)),
    _answer("pseudo-of-request", headers((":status", "200"), (":path", "/"), end=True)),
    _answer("pseudo-late", headers(("a", "b"), (":status", "200"), end=True)),
    _answer("connection-field", _head(("connection", "close"), ("transfer-encoding", "chunked")) + data(b"hi", True)),
    _answer(
        "header-list-long",
        frame(HEADERS, 0, 1, _head()[9:])
        + b"".join(frame(CONTINUATION, 0, 1, field("a", "v" * 16000)) for _ in range(9))
        + frame(CONTINUATION, END_HEADERS, 1)
        + data(b"hi", True),
    ),
    _stays("hpack-integer-too-long", header_block(b"\xff" * 11)),
    _stays("hpack-index-0", header_block(b"\x80")),
    _stays("hpack-index-unknown", header_block(b"\xbe")),
    _stays("hpack-cut-short", header_block(field("a", "bcdef")[:-2])),
    _stays("hpack-table-too-large", header_block(b"\x3f\xff\xff\x7f\x88")),
    _answer("hpack-table-smaller", header_block(b"\x20\x88") + data(b"hi", True)),
    _answer("hpack-static-index", header_block(b"\x88", True)),
    _answer(
        "hpack-dynamic-table",
        header_block(field(":status", "404", b"\x40"), False) + data(b"hi") + header_block(field("a", "b"), True),
    ),
    _answer("hpack-never-indexed", header_block(b"\x88" + field("a", "b", b"\x10"), True)),
    _answer("hpack-huffman", header_block(b"\x48\x82\x64\x02") + data(b"hi", True)),
    _stays("hpack-huffman-broken", header_block(b"\x88\x5f\x82\xff\xff")),
    _stays("hpack-huffman-padding-too-long", header_block(b"\x48\x84\x64\x02\xff\xff")),
]

CASES = [*REQUESTS, *RESPONSES, *REDIRECTS, *ENDINGS, *BEGINNINGS, *FRAMES, *FIELDS]
