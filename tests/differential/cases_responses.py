"""How the probe reads answers, of the well-formed and of the other kind."""

import gzip

from scripts import OK, Case, Close, HalfClose, Hold, Listener, ReadHead, Reset, Send, Sleep, Step, http_probe


def _answer(name: str, data: bytes, *then: Step) -> Case:
    """The server closes after its answer, unless it is said what it does then."""
    return Case(f"answer-{name}", http_probe(), (Listener(((ReadHead(), Send(data), *(then or (Close(),))),)),))


def _steps(name: str, *steps: Step) -> Case:
    return Case(f"answer-{name}", http_probe(), (Listener((steps,)),))


def _status(line: bytes) -> bytes:
    return line + b"\r\nContent-Length: 2\r\n\r\nok"


def _header(*lines: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + b"".join(line + b"\r\n" for line in lines) + b"Content-Length: 2\r\n\r\nok"


def _framed(*lines: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def _chunked(body: bytes, *lines: bytes) -> bytes:
    return _framed(b"Transfer-Encoding: chunked", *lines, body=body)


STATUS_CODES = [
    _answer(f"status-{code}", _status(b"HTTP/1.1 %d Words" % code))
    for code in (200, 201, 202, 206, 299, 400, 401, 404, 408, 418, 429, 499, 500, 503, 599, 600, 999)
]

STATUS_LINES = [
    _answer("status-line-no-reason", _status(b"HTTP/1.1 200")),
    _answer("status-line-empty-reason", _status(b"HTTP/1.1 200 ")),
    _answer("status-line-long-reason", _status(b"HTTP/1.1 200 " + b"x" * 5000)),
    _answer("status-line-two-spaces", _status(b"HTTP/1.1  200 OK")),
    _answer("status-line-tab", _status(b"HTTP/1.1\t200\tOK")),
    _answer("status-line-leading-space", _status(b" HTTP/1.1 200 OK")),
    _answer("status-line-trailing-spaces", _status(b"HTTP/1.1 200 OK  ")),
    _answer("status-line-leading-newline", b"\r\n" + _status(b"HTTP/1.1 200 OK")),
    _answer("status-line-lower-case", _status(b"http/1.1 200 OK")),
    _answer("status-line-two-digits", _status(b"HTTP/1.1 20 OK")),
    _answer("status-line-four-digits", _status(b"HTTP/1.1 2000 OK")),
    _answer("status-line-letters", _status(b"HTTP/1.1 abc OK")),
    _answer("status-line-sign", _status(b"HTTP/1.1 +20 OK")),
    _answer("status-line-minus", _status(b"HTTP/1.1 -20 OK")),
    _answer("status-line-zero", _status(b"HTTP/1.1 000 OK")),
    _answer("status-line-099", _status(b"HTTP/1.1 099 OK")),
    _answer("status-line-no-code", _status(b"HTTP/1.1")),
    _answer("status-line-no-code-but-space", _status(b"HTTP/1.1 ")),
    _answer("status-line-bad-version", _status(b"HTTP/x.y 200 OK")),
    _answer("status-line-version-2", _status(b"HTTP/2.0 200 OK")),
    _answer("status-line-version-3-1", _status(b"HTTP/3.1 200 OK")),
    _answer("status-line-version-0-9", _status(b"HTTP/0.9 200 OK")),
    _answer("status-line-version-1-2", _status(b"HTTP/1.2 200 OK")),
    _answer("status-line-version-one-digit", _status(b"HTTP/1 200 OK")),
    _answer("status-line-version-long", _status(b"HTTP/1.10 200 OK")),
    _answer("status-line-version-without-dot", _status(b"HTTP/1-1 200 OK")),
    _answer("status-line-other-protocol", _status(b"ICY 200 OK")),
    _answer("status-line-quotes-and-controls", _status(b'HTTP "quoted" \x01\x7f\\')),
    _answer("status-line-not-utf-8", _status(b"HTTP/1.1 \xff\xfe OK")),
    _answer("status-line-not-ascii", _status("grüße €".encode())),
    _answer("status-line-reason-not-utf-8", _status(b"HTTP/1.1 200 \xff\xfe")),
    _answer("status-line-code-then-letter", _status(b"HTTP/1.1 200OK")),
    _answer("status-line-long-garbage", b"x" * 10000 + b"\r\n\r\n"),
    _answer("status-line-endless-garbage", b"x" * 10000),
    _answer("status-line-as-long-as-the-buffer", b"x" * 4096),
    _answer("status-line-as-long-as-the-buffer-then-reset", b"x" * 4096, Sleep(0.05), Reset()),
    _answer("status-line-minus-zero", _status(b"HTTP/1.1 -00 OK")),
    _answer("status-line-version-0-0-chunked", b"HTTP/0.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    _answer("status-line-null", b"\x00" * 20 + b"\r\n\r\n"),
    _answer("only-newlines", b"\r\n\r\n\r\n"),
    _answer("other-protocol-greeting", b"SSH-2.0-OpenSSH_9.2\r\n"),
    _answer("other-protocol-mail", b"220 mail.example ESMTP\r\n", Hold()),
    _answer("request-echoed", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    _answer("http-0-9-page", b"<html>hello</html>"),
    _answer("http-0-9-page-with-newline", b"<html>hello</html>\n"),
    _answer("tls-alert", b"\x15\x03\x01\x00\x02\x02\x46"),
    _answer("http-2-settings", b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
]

HEADERS = [
    _answer("header-bare-line-feeds", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
    _answer("header-mixed-line-ends", b"HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nok"),
    _answer("header-bare-carriage-return", b"HTTP/1.1 200 OK\rContent-Length: 2\r\n\r\nok"),
    _answer("header-carriage-return-in-value", _header(b"X-A: a\rb")),
    _answer("header-two-carriage-returns", b"HTTP/1.1 200 OK\r\r\nContent-Length: 2\r\r\n\r\r\nok"),
    _answer("header-folded", _header(b"X-A: a", b" b")),
    _answer("header-folded-with-tab", _header(b"X-A: a", b"\tb")),
    _answer("header-folded-first", b"HTTP/1.1 200 OK\r\n X-A: a\r\nContent-Length: 2\r\n\r\nok"),
    _answer("header-folded-length", b"HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\nok"),
    _answer("header-without-colon", _header(b"X-A")),
    _answer("header-without-name", _header(b": a")),
    _answer("header-space-before-colon", _header(b"X-A : a")),
    _answer("header-space-in-name", _header(b"X A: a")),
    _answer("header-empty-value", _header(b"X-A:")),
    _answer("header-no-space-after-colon", _header(b"X-A:a")),
    _answer("header-name-not-ascii", _header("X-Ä: a".encode())),
    _answer("header-name-odd-bytes", _header(b"X-(A): a")),
    _answer("header-name-with-null", _header(b"X\x00A: a")),
    _answer("header-value-with-null", _header(b"X-A: a\x00b")),
    _answer("header-value-with-control", _header(b"X-A: a\x01b")),
    _answer("header-value-with-delete", _header(b"X-A: a\x7fb")),
    _answer("header-value-not-utf-8", _header(b"X-A: \xff\xfe")),
    _answer("header-quote-in-bad-line", _header(b'"quoted" \\ line')),
    _answer("header-only-space-line", _header(b" ")),
    _answer("header-many", _header(*(b"X-%d: y" % index for index in range(2000)))),
    _answer("header-long", _header(b"X-A: " + b"a" * 100_000)),
    _answer("header-long-name", _header(b"X" * 70_000 + b": a")),
    _answer("header-one-megabyte-and-a-half", _header(*(b"X-%d: " % i + b"a" * 15_000 for i in range(100)))),
    _answer("header-eleven-megabytes", _header(*(b"X-%d: " % i + b"a" * 110_000 for i in range(100)))),
    _answer("header-none", b"HTTP/1.1 200 OK\r\n\r\n"),
    _answer("header-none-and-body", b"HTTP/1.1 200 OK\r\n\r\nuntil the end"),
    _answer("header-none-and-body-half-closed", b"HTTP/1.1 200 OK\r\n\r\nuntil the end", HalfClose(), Hold()),
    _answer("header-keep-alive", _header(b"Connection: keep-alive"), Hold()),
    _answer("header-close", _header(b"Connection: close")),
    _answer("header-upgrade-unasked", _header(b"Connection: Upgrade", b"Upgrade: h2c")),
    _answer("header-alt-svc", _header(b'Alt-Svc: h3=":443"')),
    _answer("header-location-on-200", _header(b"Location: /next")),
    _answer("header-location-on-404", b"HTTP/1.1 404 No\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n"),
]

LENGTHS = [
    _answer("length-zero", _framed(b"Content-Length: 0", body=b"")),
    _answer("length-zero-but-body", _framed(b"Content-Length: 0", body=b"ignored")),
    _answer("length-shorter-than-body", _framed(b"Content-Length: 2", body=b"okay")),
    _answer("length-longer-than-body", _framed(b"Content-Length: 9", body=b"ok")),
    _answer("length-longer-than-body-and-500", b"HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\nno"),
    _answer("length-longer-than-body-and-reset", _framed(b"Content-Length: 9", body=b"ok"), Sleep(0.1), Reset()),
    _answer("length-twice-same", _framed(b"Content-Length: 2", b"Content-Length: 2", body=b"ok")),
    _answer("length-twice-same-with-spaces", _framed(b"Content-Length: 2", b"Content-Length:  2 ", body=b"ok")),
    _answer("length-twice-different", _framed(b"Content-Length: 2", b"Content-Length: 3", body=b"oka")),
    _answer("length-twice-different-zeros", _framed(b"Content-Length: 2", b"Content-Length: 02", body=b"ok")),
    _answer("length-list", _framed(b"Content-Length: 2, 2", body=b"ok")),
    _answer("length-negative", _framed(b"Content-Length: -2", body=b"ok")),
    _answer("length-plus", _framed(b"Content-Length: +2", body=b"ok")),
    _answer("length-empty", _framed(b"Content-Length:", body=b"ok")),
    _answer("length-word", _framed(b"Content-Length: two", body=b"ok")),
    _answer("length-hexadecimal", _framed(b"Content-Length: 0x2", body=b"ok")),
    _answer("length-leading-zeros", _framed(b"Content-Length: 0002", body=b"ok")),
    _answer("length-with-fraction", _framed(b"Content-Length: 2.0", body=b"ok")),
    _answer("length-space-inside", _framed(b"Content-Length: 1 2", body=b"ok")),
    _answer("length-63-bits", _framed(b"Content-Length: 9223372036854775807", body=b"ok")),
    _answer("length-beyond-63-bits", _framed(b"Content-Length: 9223372036854775808", body=b"ok")),
    _answer("length-beyond-64-bits", _framed(b"Content-Length: 18446744073709551618", body=b"ok")),
    _answer("length-not-ascii-digits", _framed("Content-Length: ２".encode(), body=b"ok")),
    _answer("length-and-chunked", _chunked(b"2\r\nok\r\n0\r\n\r\n", b"Content-Length: 99")),
    _answer("length-bad-and-chunked", _chunked(b"2\r\nok\r\n0\r\n\r\n", b"Content-Length: x")),
    _answer("length-lower-case-name", _framed(b"content-length: 2", body=b"ok"), Hold()),
]

CAP = 10240
BODIES = [
    *(
        _answer(f"body-{size}", _framed(b"Content-Length: %d" % size, body=b"x" * size))
        for size in (CAP - 1, CAP, CAP + 1, 100_000)
    ),
    *(_answer(f"body-{size}-until-close", _framed(body=b"x" * size)) for size in (CAP - 1, CAP, CAP + 1)),
    *(
        _answer(f"body-{size}-chunked", _chunked(b"%x\r\n" % size + b"x" * size + b"\r\n0\r\n\r\n"))
        for size in (CAP - 1, CAP, CAP + 1)
    ),
    *(
        _answer(f"body-{size}-stays-open", _framed(b"Content-Length: %d" % size, body=b"x" * size), Hold())
        for size in (CAP, CAP + 1)
    ),
    _answer("body-at-cap-then-stall", _framed(b"Content-Length: 20000", body=b"x" * CAP), Hold()),
    _answer("body-at-cap-then-stall-chunked", _chunked(b"%x\r\n" % CAP + b"x" * CAP), Hold()),
    _answer("body-at-cap-then-no-chunk-end", _chunked(b"%x\r\n" % CAP + b"x" * (2 * CAP))),
    _answer("body-at-cap-then-bad-chunk", _chunked(b"%x\r\n" % CAP + b"x" * CAP + b"\r\nxx\r\n")),
    _answer("body-at-cap-of-huge-chunk", _chunked(b"c000000000000000\r\n" + b"x" * CAP)),
    _answer("body-at-cap-then-reset", _framed(b"Content-Length: 20000", body=b"x" * CAP), Sleep(0.1), Reset()),
    _answer("body-at-cap-then-close", _framed(b"Content-Length: 20000", body=b"x" * CAP)),
    _answer("body-under-cap-then-close", _framed(b"Content-Length: 20000", body=b"x" * (CAP - 1))),
    _answer("body-over-cap-and-500", b"HTTP/1.1 500 No\r\n\r\n" + b"x" * 20000),
    _answer("body-over-cap-and-302", b"HTTP/1.1 302 Found\r\n\r\n" + b"x" * 20000),
    _answer("body-gzip", _framed(b"Content-Encoding: gzip", body=gzip.compress(b"packed", mtime=0))),
    _answer("body-gzip-transfer-encoding", _framed(b"Transfer-Encoding: gzip", body=b"packed")),
    _answer("body-gzip-and-chunked-transfer-encoding", _framed(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n")),
    _answer("body-transfer-encoding-identity", _framed(b"Transfer-Encoding: identity", body=b"ok")),
    _answer("body-transfer-encoding-empty", _framed(b"Transfer-Encoding:", body=b"ok")),
    _answer("body-transfer-encoding-twice", _chunked(b"0\r\n\r\n", b"Transfer-Encoding: chunked")),
    _answer("body-transfer-encoding-upper-case", _framed(b"Transfer-Encoding: CHUNKED", body=b"2\r\nok\r\n0\r\n\r\n")),
    _answer("body-transfer-encoding-spaces", _framed(b"Transfer-Encoding:  chunked ", body=b"2\r\nok\r\n0\r\n\r\n")),
    _answer("body-transfer-encoding-quoted-error", _framed(b'Transfer-Encoding: "x"', body=b"ok")),
    _answer("body-utf-8", _framed(b"Content-Length: 6", body="grüß".encode())),
    _answer("body-not-utf-8", _framed(b"Content-Length: 3", body=b"a\xffb")),
    _answer("body-control-characters", _framed(b"Content-Length: 5", body=b"\x00\x01\r\n\x7f")),
    _answer("body-html", _framed(b"Content-Length: 12", body=b"<b>&amp;</b>")),
    _answer("body-utf-8-cut-by-cap", _framed(body=b"x" * (CAP - 1) + "ß".encode())),
    _answer("body-reset", _framed(body=b"some"), Sleep(0.1), Reset()),
    _answer("204", b"HTTP/1.1 204 No Content\r\n\r\n"),
    _answer("204-stays-open", b"HTTP/1.1 204 No Content\r\n\r\n", Hold()),
    _answer("204-with-body", b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok"),
    _answer("204-chunked", b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    _answer("204-with-bad-length", b"HTTP/1.1 204 No Content\r\nContent-Length: x\r\n\r\n"),
    _answer("304-with-body", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nok"),
    _answer("304-stays-open", b"HTTP/1.1 304 Not Modified\r\n\r\n", Hold()),
    _answer("205-with-body", b"HTTP/1.1 205 Reset\r\nContent-Length: 2\r\n\r\nok"),
    _answer("http-1-0", b"HTTP/1.0 200 OK\r\n\r\nuntil the end"),
    _answer("http-1-0-with-length", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", Hold()),
    _answer("http-1-0-keep-alive-no-length", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nok"),
    _answer("http-1-0-chunked", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    _answer("two-answers", OK + OK),
    _answer("answer-and-garbage", OK + b"garbage"),
]

CHUNKS = [
    _answer("chunked", _chunked(b"2\r\nok\r\n3\r\nay!\r\n0\r\n\r\n")),
    _answer("chunked-stays-open", _chunked(b"2\r\nok\r\n0\r\n\r\n"), Hold()),
    _answer("chunked-empty", _chunked(b"0\r\n\r\n")),
    _answer("chunked-upper-case-size", _chunked(b"A\r\n0123456789\r\n0\r\n\r\n")),
    _answer("chunked-leading-zeros", _chunked(b"0002\r\nok\r\n000\r\n\r\n")),
    _answer("chunked-size-of-17-digits", _chunked(b"00000000000000002\r\nok\r\n0\r\n\r\n")),
    _answer("chunked-size-beyond-64-bits", _chunked(b"10000000000000000\r\nok\r\n")),
    _answer("chunked-size-huge", _chunked(b"7fffffffffffffff\r\nok\r\n")),
    _answer("chunked-size-empty", _chunked(b"\r\nok\r\n0\r\n\r\n")),
    _answer("chunked-size-bad", _chunked(b"zz\r\nok\r\n0\r\n\r\n")),
    _answer("chunked-size-negative", _chunked(b"-2\r\nok\r\n0\r\n\r\n")),
    _answer("chunked-size-with-prefix", _chunked(b"0x2\r\nok\r\n0\r\n\r\n")),
    _answer("chunked-size-trailing-space", _chunked(b"2  \r\nok\r\n0\r\n\r\n")),
    _answer("chunked-size-leading-space", _chunked(b" 2\r\nok\r\n0\r\n\r\n")),
    _answer("chunked-size-tab", _chunked(b"2\t\r\nok\r\n0\r\n\r\n")),
    _answer("chunked-extension", _chunked(b'2;name="value"\r\nok\r\n0;x\r\n\r\n')),
    _answer("chunked-extension-with-space", _chunked(b"2 ; a = b\r\nok\r\n0\r\n\r\n")),
    _answer("chunked-long-extension", _chunked(b"2;" + b"x" * 3000 + b"\r\nok\r\n0\r\n\r\n")),
    _answer("chunked-too-long-line", _chunked(b"2;" + b"x" * 5000 + b"\r\nok\r\n0\r\n\r\n")),
    _answer(
        "chunked-many-extensions",
        _chunked(b"".join(b"1;" + b"x" * 500 + b"\r\na\r\n" for _ in range(60)) + b"0\r\n\r\n"),
    ),
    _answer("chunked-bare-line-feeds", _chunked(b"2\nok\n0\n\n")),
    _answer("chunked-size-carriage-return", _chunked(b"2\rx\r\nok\r\n0\r\n\r\n")),
    _answer("chunked-no-newline-after-data", _chunked(b"2\r\nokay\r\n0\r\n\r\n")),
    _answer("chunked-bare-line-feed-after-data", _chunked(b"2\r\nok\n0\r\n\r\n")),
    _answer("chunked-cut-in-size", _chunked(b"2\r\nok\r\n1")),
    _answer("chunked-cut-in-data", _chunked(b"9\r\nok")),
    _answer("chunked-cut-after-data", _chunked(b"2\r\nok")),
    _answer("chunked-cut-after-chunk", _chunked(b"2\r\nok\r\n")),
    _answer("chunked-cut-before-last-newline", _chunked(b"2\r\nok\r\n0\r\n")),
    _answer("chunked-cut-in-last-newline", _chunked(b"2\r\nok\r\n0\r\n\r")),
    _answer("chunked-nothing-at-all", _chunked(b"")),
    _answer("chunked-trailer", _chunked(b"2\r\nok\r\n0\r\nX-Later: a\r\n\r\n")),
    _answer("chunked-trailer-announced", _chunked(b"2\r\nok\r\n0\r\nX-Later: a\r\n\r\n", b"Trailer: X-Later")),
    _answer("chunked-trailer-forbidden", _chunked(b"0\r\n\r\n", b"Trailer: Content-Length")),
    _answer("chunked-trailer-malformed", _chunked(b"2\r\nok\r\n0\r\nX-Later\r\n\r\n")),
    _answer("chunked-trailer-cut", _chunked(b"2\r\nok\r\n0\r\nX-Later: a\r\n")),
    _answer("chunked-trailer-reset", _chunked(b"2\r\nok\r\n0\r\n"), Sleep(0.05), Reset()),
    _answer("chunked-trailer-cut-by-reset", _chunked(b"2\r\nok\r\n0\r\nX-Later: a\r\n"), Sleep(0.05), Reset()),
    _answer("chunked-trailer-long", _chunked(b"2\r\nok\r\n0\r\n" + b"X: " + b"a" * 8000 + b"\r\n\r\n")),
    _answer("chunked-trailer-content-length", _chunked(b"2\r\nok\r\n0\r\nContent-Length: 9\r\n\r\n")),
    _answer("chunked-trailer-stalls", _chunked(b"2\r\nok\r\n0\r\n"), Hold()),
    _answer("chunked-garbage-after-end", _chunked(b"2\r\nok\r\n0\r\n\r\ngarbage")),
    _answer("chunked-one-byte-chunks", _chunked(b"1\r\nx\r\n" * 3000 + b"0\r\n\r\n")),
    _answer("chunked-malformed-and-500", b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
INFORMATIONAL = [
    *(_answer(f"informational-{count}", CONTINUE * count + OK) for count in range(1, 8)),
    _answer("informational-102", b"HTTP/1.1 102 Processing\r\n\r\n" + OK),
    _answer("informational-103", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK),
    _answer("informational-199", b"HTTP/1.1 199 Odd\r\n\r\n" + OK),
    _answer("informational-100-with-length", b"HTTP/1.1 100 Continue\r\nContent-Length: 2\r\n\r\n" + OK),
    _answer("informational-103-with-length", b"HTTP/1.1 103 Early\r\nContent-Length: 2\r\n\r\nok" + OK),
    _answer("informational-then-close", CONTINUE),
    _answer("informational-then-silence", CONTINUE, Hold()),
    _answer("informational-malformed", b"HTTP/1.1 100 Continue\r\nX\r\n\r\n" + OK),
    _answer("informational-then-garbage", CONTINUE + b"garbage\r\n\r\n"),
    _answer("101", b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello"),
    # kubelet's timeout doesn't end this one: it waits until the server closes.
    _answer(
        "101-stays-open",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
        Sleep(2.5),
        Close(),
    ),
    _answer("101-bare", b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    _answer("100-slowly", b"HTTP/1.1 100 Continue\r\n\r\n", Sleep(0.3), Send(OK), Close()),
]

_SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_SHORT_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
CUTS = [
    *(_answer(f"cut-at-{count:02}", _SHORT[:count]) for count in range(len(_SHORT))),
    *(
        _answer(f"chunked-cut-at-{count:02}", _SHORT_CHUNKED[:count])
        for count in range(len(_SHORT_CHUNKED) - 12, len(_SHORT_CHUNKED))
    ),
    *(_answer(f"reset-at-{count:02}", _SHORT[:count], Sleep(0.1), Reset()) for count in (1, 8, 15, 17, 30, 37, 38, 39)),
]

TIMING = [
    _steps("none-but-close", ReadHead(), Close()),
    _steps("none-but-reset", ReadHead(), Reset()),
    _steps("none-but-close-before-request", Close()),
    _steps("none-but-reset-before-request", Reset()),
    _steps("none-but-half-close", ReadHead(), HalfClose(), Hold()),
    _steps("none-but-late-close", ReadHead(), Sleep(0.4), Close()),
    _steps("none-but-late-reset", ReadHead(), Sleep(0.4), Reset()),
    _steps("none-within-timeout", ReadHead(), Hold()),
    _steps("slow-but-in-time", ReadHead(), Sleep(0.5), Send(OK), Close()),
    _steps("too-late", ReadHead(), Sleep(1.4), Send(OK), Close()),
    _steps("stalls-in-status-line", ReadHead(), Send(b"HTTP/1.1 2"), Hold()),
    _steps("stalls-after-status-line", ReadHead(), Send(b"HTTP/1.1 200 OK\r\n"), Hold()),
    _steps("stalls-in-header", ReadHead(), Send(b"HTTP/1.1 200 OK\r\nContent-Le"), Hold()),
    _steps("stalls-before-last-newline", ReadHead(), Send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"), Hold()),
    _steps("stalls-before-body", ReadHead(), Send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"), Hold()),
    _steps("stalls-in-body", ReadHead(), Send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"), Hold()),
    _steps("stalls-in-body-of-500", ReadHead(), Send(b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\no"), Hold()),
    _steps("stalls-in-body-of-404-without-length", ReadHead(), Send(b"HTTP/1.1 404 No\r\n\r\nsome"), Hold()),
    _steps("stalls-in-chunk", ReadHead(), Send(_chunked(b"9\r\nok")), Hold()),
    _steps("stalls-in-chunk-size", ReadHead(), Send(_chunked(b"2\r\nok\r\n1")), Hold()),
    _steps("body-without-end", ReadHead(), Send(_framed(body=b"some")), Hold()),
    _steps("in-two-parts", ReadHead(), Send(OK[:20]), Sleep(0.1), Send(OK[20:]), Close()),
    _steps("newline-in-two-parts", ReadHead(), Send(OK[:16]), Sleep(0.1), Send(OK[16:]), Close()),
    _steps("byte-by-byte", ReadHead(), *(step for byte in OK for step in (Send(bytes([byte])), Sleep(0.003))), Close()),
    _steps(
        "headers-drip-beyond-timeout",
        ReadHead(),
        Send(b"HTTP/1.1 200 OK\r\n"),
        *([Send(b"X-A: b\r\n"), Sleep(0.1)] * 20),
    ),
    _steps("body-drips-beyond-timeout", ReadHead(), Send(_framed(body=b"")), *([Send(b"x"), Sleep(0.1)] * 20)),
    _steps("and-then-reset", ReadHead(), Send(OK), Sleep(0.1), Reset()),
    _steps("before-the-request", Send(OK), ReadHead(), Hold()),
    _steps("garbage-before-the-request", Send(b"220 hello\r\n"), ReadHead(), Hold()),
    _steps("408-before-the-request", Send(b"HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n"), ReadHead(), Close()),
    _steps("half-closed-after-answer", ReadHead(), Send(OK), HalfClose(), Hold()),
]

CASES = [
    *STATUS_CODES,
    *STATUS_LINES,
    *HEADERS,
    *LENGTHS,
    *BODIES,
    *CHUNKS,
    *INFORMATIONAL,
    *CUTS,
    *TIMING,
]
