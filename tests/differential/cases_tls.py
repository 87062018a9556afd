"""HTTPS: versions, certificates, what is offered, and servers that speak no TLS or bad TLS."""

from scripts import (
    IPV6,
    OK,
    Case,
    Close,
    CloseNotify,
    Connection,
    HalfClose,
    Hold,
    Listener,
    ReadHead,
    ReadHello,
    Reset,
)
from scripts import Send, Sleep, Step, Tls, http_listener, http_probe, tcp_probe

HTTPS = http_probe(scheme="HTTPS")


def _tls(name: str, tls: Tls, answer: bytes = OK, then: Connection = (Close(),)) -> Case:
    return Case(f"tls-{name}", HTTPS, (http_listener(answer, tls=tls, then=then),))


def _http_2(name: str, *protocols: str) -> Case:
    """A server that chooses HTTP/2 and doesn't speak it. Only that HTTP/2 was tried is compared, not its frames."""
    script = (ReadHead(keep=False), Send(OK), Close())
    return Case(f"tls-alpn-{name}", HTTPS, (Listener((script,), tls=Tls(alpn=protocols)),))


def _raw(name: str, *steps: Step) -> Case:
    """A server that gets a ClientHello and goes its own way."""
    return Case(f"tls-{name}", HTTPS, (Listener((steps,)),))


def _alert(level: int, description: int) -> bytes:
    return bytes([21, 3, 3, 0, 2, level, description])


SESSIONS = [
    _tls("default", Tls()),
    _tls("session-ticket", Tls(reply_ticket=True)),
    _tls("ec-certificate", Tls(key="ec")),
    _tls("version-1-0", Tls("TLSv1", "TLSv1")),
    _tls("version-1-1", Tls("TLSv1_1", "TLSv1_1")),
    _tls("version-1-0-to-1-1", Tls("TLSv1", "TLSv1_1")),
    _tls("version-1-2", Tls("TLSv1_2", "TLSv1_2")),
    _tls("version-1-3", Tls("TLSv1_3", "TLSv1_3")),
    _tls("version-1-0-to-1-3", Tls("TLSv1", "TLSv1_3")),
    _tls("alpn-http-1-1", Tls(alpn=("http/1.1",))),
    _tls("alpn-unknown", Tls(alpn=("spdy/3",))),
    _tls("client-certificate-optional", Tls(client_certificate="optional")),
    _tls("client-certificate-required", Tls(client_certificate="required"), then=(Hold(),)),
    _tls("client-certificate-required-1-2", Tls("TLSv1_2", "TLSv1_2", client_certificate="required")),
    _tls("client-certificate-optional-1-2", Tls("TLSv1_2", "TLSv1_2", client_certificate="optional")),
    _tls("rsa-key-exchange-only", Tls("TLSv1_2", "TLSv1_2", ciphers="kRSA")),
    _tls("ecdhe-chacha-only", Tls("TLSv1_2", "TLSv1_2", ciphers="ECDHE-RSA-CHACHA20-POLY1305")),
    _tls("ecdhe-cbc-only", Tls("TLSv1_2", "TLSv1_2", ciphers="ECDHE-RSA-AES128-SHA")),
    _tls("ecdhe-cbc-sha256-only", Tls("TLSv1_2", "TLSv1_2", ciphers="ECDHE-RSA-AES128-SHA256")),
    _tls("ecdhe-cbc-sha384-only", Tls("TLSv1_2", "TLSv1_2", ciphers="ECDHE-RSA-AES256-SHA384")),
    _tls("dhe-only", Tls("TLSv1_2", "TLSv1_2", ciphers="DHE")),
    _tls("close-notify", Tls(), then=(CloseNotify(),)),
    _tls("body-until-close-notify", Tls(), b"HTTP/1.1 200 OK\r\n\r\nsome", (CloseNotify(),)),
    _tls("body-until-close-without-notify", Tls(), b"HTTP/1.1 200 OK\r\n\r\nsome"),
    _tls("body-cut-by-close-notify", Tls(), b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome", (CloseNotify(),)),
    _tls("body-cut-without-notify", Tls(), b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome"),
    _tls("headers-cut-by-close-notify", Tls(), b"HTTP/1.1 200 OK\r\nContent", (CloseNotify(),)),
    _tls("headers-cut-without-notify", Tls(), b"HTTP/1.1 200 OK\r\nContent"),
    _tls("nothing-but-close-notify", Tls(), b"", (CloseNotify(),)),
    _tls("nothing-but-close", Tls(), b""),
    _tls("nothing-but-reset", Tls(), b"", (Sleep(0.1), Reset())),
    _tls("answer-then-reset", Tls(), OK, (Sleep(0.1), Reset())),
    _tls("body-stalls", Tls(), b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome", (Hold(),)),
    _tls("no-answer", Tls(), b"", (Hold(),)),
    _tls("half-close-after-answer", Tls(), b"HTTP/1.1 200 OK\r\n\r\nsome", (HalfClose(), Hold())),
    _tls("malformed-answer", Tls(), b"garbage\r\n\r\n"),
    _tls("status-500", Tls(), b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno"),
    _tls("long-body", Tls(), b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 50_000),
    _tls("http-2-answer-unasked", Tls(), b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
    Case("tls-server-name", http_probe(scheme="HTTPS", host="localhost"), (http_listener(OK, tls=Tls()),)),
    Case(
        "tls-server-name-is-not-the-host-header",
        http_probe(scheme="HTTPS", host="localhost", headers=[("Host", "app.example")]),
        (http_listener(OK, tls=Tls()),),
    ),
    Case(
        "tls-host-header-but-address",
        http_probe(scheme="HTTPS", headers=[("Host", "app.example")]),
        (http_listener(OK, tls=Tls()),),
    ),
    Case("tls-server-name-upper-case", http_probe(scheme="HTTPS", host="LocalHost"), (http_listener(OK, tls=Tls()),)),
    Case("tls-ipv6-has-no-server-name", HTTPS, (http_listener(OK, tls=Tls(), address=IPV6),), pod_address=IPV6),
    Case("tls-offer", HTTPS, (http_listener(OK, tls=Tls()),), compare_hello=True),
    _http_2("http-2", "h2", "http/1.1"),
    _http_2("http-2-only", "h2"),
    Case(
        "tls-connection-upgrade",
        http_probe(scheme="HTTPS", headers=[("Connection", "Upgrade"), ("Upgrade", "x")]),
        (http_listener(OK, tls=Tls()),),
        compare_hello=True,
    ),
]

BROKEN = [
    _raw("close-at-once", Close()),
    _raw("reset-at-once", Reset()),
    _raw("close-after-hello", ReadHello(), Close()),
    _raw("reset-after-hello", ReadHello(), Reset()),
    _raw("half-close-after-hello", ReadHello(), HalfClose(), Hold()),
    _raw("silence", ReadHello(), Hold()),
    _raw("silence-after-part-of-record", ReadHello(), Send(b"\x16\x03\x03\x00\x50\x02"), Hold()),
    _raw("close-in-record-header", ReadHello(), Send(b"\x16\x03"), Close()),
    _raw("close-in-record", ReadHello(), Send(b"\x16\x03\x03\x00\x50\x02\x00"), Close()),
    _raw("answer-is-http", ReadHello(), Send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), Close()),
    _raw("answer-is-http-1-0", ReadHello(), Send(b"HTTP/1.0 400 Bad Request\r\n\r\n"), Close()),
    _raw("answer-is-http-cut-short", ReadHello(), Send(b"HTTP/"), Close()),
    _raw("answer-is-http-cut-shorter", ReadHello(), Send(b"HTTP"), Close()),
    _raw("answer-is-http-in-lower-case", ReadHello(), Send(b"http/1.1 400 Bad Request\r\n\r\n"), Close()),
    _raw("answer-is-greeting", ReadHello(), Send(b"SSH-2.0-OpenSSH_9.2\r\n"), Close()),
    _raw("answer-is-page", ReadHello(), Send(b"<html>hello</html>"), Close()),
    _raw("answer-is-nulls", ReadHello(), Send(b"\x00" * 64), Close()),
    _raw("greeting-before-hello", Send(b"220 mail.example ESMTP\r\n"), ReadHello(), Hold()),
    _raw("record-type-unknown", ReadHello(), Send(b"\x63\x03\x03\x00\x01\x00"), Hold()),
    _raw("record-of-old-version", ReadHello(), Send(b"\x16\x02\x00\x00\x01\x00"), Hold()),
    _raw("record-of-unknown-version", ReadHello(), Send(b"\x16\x09\x09\x00\x01\x00"), Hold()),
    _raw("record-too-long", ReadHello(), Send(b"\x16\x03\x03\xff\xff" + b"\x00" * 100), Hold()),
    _raw("record-of-ssl-2", ReadHello(), Send(b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80"), Hold()),
    _raw("handshake-type-unknown", ReadHello(), Send(b"\x16\x03\x03\x00\x04\x63\x00\x00\x00"), Hold()),
    _raw("handshake-of-wrong-type", ReadHello(), Send(b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00"), Hold()),
    _raw("hello-empty", ReadHello(), Send(b"\x16\x03\x03\x00\x04\x02\x00\x00\x00"), Hold()),
    _raw(
        "hello-of-tls-1-0",
        ReadHello(),
        Send(b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01" + b"r" * 32 + b"\x00\x00\x2f\x00"),
        Hold(),
    ),
    _raw("handshake-too-long", ReadHello(), Send(b"\x16\x03\x03\x00\x04\x02\xff\xff\xff"), Hold()),
    _raw("record-empty", ReadHello(), Send(b"\x16\x03\x03\x00\x00"), Hold()),
    _raw("application-data-first", ReadHello(), Send(b"\x17\x03\x03\x00\x02ok"), Hold()),
    _raw("cipher-change-first", ReadHello(), Send(b"\x14\x03\x03\x00\x01\x01"), Hold()),
    *(
        _raw(f"alert-{name}", ReadHello(), Send(_alert(2, number)), Close())
        for name, number in (
            ("close-notify", 0),
            ("unexpected-message", 10),
            ("bad-record-mac", 20),
            ("record-overflow", 22),
            ("handshake-failure", 40),
            ("bad-certificate", 42),
            ("certificate-unknown", 46),
            ("illegal-parameter", 47),
            ("decode-error", 50),
            ("protocol-version", 70),
            ("insufficient-security", 71),
            ("internal-error", 80),
            ("inappropriate-fallback", 86),
            ("user-canceled", 90),
            ("no-renegotiation", 100),
            ("missing-extension", 109),
            ("unsupported-extension", 110),
            ("unrecognized-name", 112),
            ("certificate-required", 116),
            ("no-application-protocol", 120),
            ("unknown-number", 200),
        )
    ),
    _raw("alert-warning-then-close", ReadHello(), Send(_alert(1, 112)), Sleep(0.1), Close()),
    _raw("alert-warning-close-notify", ReadHello(), Send(_alert(1, 0)), Close()),
    _raw("alert-level-unknown", ReadHello(), Send(_alert(3, 40)), Close()),
    _raw("alert-too-long", ReadHello(), Send(b"\x15\x03\x03\x00\x03\x02\x28\x00"), Close()),
    _raw("alert-too-short", ReadHello(), Send(b"\x15\x03\x03\x00\x01\x02"), Close()),
    Case("tls-nobody-listens", HTTPS, (Listener(state="closed"),)),
    Case("tls-without-answer-to-syn", HTTPS, (Listener(state="full"),)),
    Case("tls-server-on-http-probe", http_probe(), (Listener(((ReadHead(), Close()),), tls=Tls()),)),
    Case("tls-server-on-tcp-probe", tcp_probe(), (Listener(((ReadHead(), Close()),), tls=Tls()),)),
]

CASES = [*SESSIONS, *BROKEN]
