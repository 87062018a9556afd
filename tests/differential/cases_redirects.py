"""Where the probe goes when it is sent elsewhere."""

from scripts import IPV6, OK, OTHER_HOST, Case, Close, Hold, Listener, ReadHead, Send, Tls, http_listener, http_probe


def redirect(location: str | bytes | None, status: str = "302 Found", body: bytes = b"", extra: bytes = b"") -> bytes:
    target = location.encode() if isinstance(location, str) else location
    line = b"" if target is None else b"Location: " + target + b"\r\n"
    head = b"HTTP/1.1 " + status.encode() + b"\r\n" + line + extra
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _case(
    name: str, location: str | bytes | None, status: str = "302 Found", body: bytes = b"", extra: bytes = b""
) -> Case:
    answers = http_listener(redirect(location, status, body, extra), OK)
    return Case(f"redirect-{name}", http_probe("/a/b?c=d"), (answers,))


def _header_case(name: str, location: str, *headers: tuple[str, str]) -> Case:
    return Case(f"redirect-{name}", http_probe(headers=list(headers)), (http_listener(redirect(location), OK),))


STATUSES = [
    _case(f"status-{status.split()[0]}", "/next", status=status)
    for status in (
        "300 Multiple Choices",
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "304 Not Modified",
        "305 Use Proxy",
        "306 Unused",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
        "399 Whatever",
    )
]

LOCATIONS = [
    _case("absolute", "http://127.0.0.1:PORT0/next"),
    _case("relative", "next"),
    _case("relative-up", "../next/./x"),
    _case("relative-up-beyond-root", "../../../../next"),
    _case("relative-two-slashes", "..//next"),
    _case("query-only", "?e=f"),
    _case("fragment-only", "#part"),
    _case("with-fragment", "/next#part"),
    _case("scheme-relative", "//127.0.0.1:PORT0/next"),
    _case("scheme-upper-case", "HTTP://127.0.0.1:PORT0/next"),
    _case("without-path", "http://127.0.0.1:PORT0"),
    _case("no-location", None),
    _case("no-location-307", None, status="307 Temporary Redirect"),
    _case("no-location-308", None, status="308 Permanent Redirect"),
    _case("empty-location", ""),
    _case("empty-location-308", "", status="308 Permanent Redirect"),
    _case("location-with-spaces-around", "   /next  "),
    _case("location-with-space-inside", "/ne xt"),
    _case("location-not-ascii", "/nächste?ö"),
    _case("location-latin-1", b"/n\xe4chste"),
    _case("location-bad-escape", "/%zz"),
    _case("location-bad-escape-and-quote", '/%zz"quoted"'),
    _case("location-control-character", b"/ne\x01xt"),
    _case("location-bad-port", "http://127.0.0.1:port/next"),
    _case("location-port-too-high", "http://127.0.0.1:99999/next"),
    _case("location-empty-port", "http://127.0.0.1:/next"),
    _case("location-missing-scheme", "://127.0.0.1/next"),
    _case("location-unknown-scheme", "ftp://127.0.0.1/next"),
    _case("location-opaque", "http:next"),
    _case("location-mailto", "mailto:someone@other.example"),
    _case("location-no-host", "http:///next"),
    _case("location-bad-bracket", "http://[::1/next"),
    _case("location-with-user", "http://user:secret@127.0.0.1:PORT0/next"),
    _case("location-twice", "/next", extra=b"Location: /other\r\n"),
    _case("other-host", "http://other.example/next", body=b"see there"),
    _case("other-host-301", "http://other.example/next", status="301 Moved Permanently"),
    _case("other-host-307", "http://other.example/next", status="307 Temporary Redirect"),
    _case("other-host-long-body", "http://other.example/", body=b"x" * 12000),
    _case("same-address-as-name", "http://localhost:PORT0/next"),
    _case("other-address", f"http://{OTHER_HOST}:PORT0/next"),
    _case("to-closed-port", "http://127.0.0.1:1/next"),
    _case("body-is-ignored", "/next", body=b"x" * 1000),
    _case("body-beyond-what-is-skipped", "/next", body=b"x" * 5000),
    _case("sets-cookie", "/next", extra=b"Set-Cookie: a=b\r\n"),
]

HEADERS = [
    _header_case("keeps-headers", "/next", ("X-Custom", "value"), ("Accept", "text/plain")),
    _header_case("keeps-credentials-on-same-host", "http://127.0.0.1:PORT0/next", ("Authorization", "Basic eA==")),
    _header_case("keeps-cookie-on-same-host", "/next", ("Cookie", "a=b")),
    _header_case("relative-keeps-host-header", "/next", ("Host", "app.example")),
    _header_case("absolute-drops-host-header", "http://127.0.0.1:PORT0/next", ("Host", "app.example")),
    _header_case("to-host-header", "http://app.example:PORT0/next", ("Host", "app.example")),
    _header_case("keeps-referer", "/next", ("Referer", "http://first.example/")),
    _header_case("keeps-empty-user-agent", "/next", ("User-Agent", "")),
    _header_case("keeps-no-accept", "/next", ("Accept", "")),
]

LOOP = tuple(redirect(f"/{index}") for index in range(20))

CHAINS = [
    Case("redirect-loop", http_probe(), (http_listener(redirect("/healthz")),)),
    Case("redirect-nine-times", http_probe(), (http_listener(*LOOP[:9], OK),)),
    Case("redirect-ten-times", http_probe(), (http_listener(*LOOP[:10], OK),)),
    Case("redirect-loop-with-body", http_probe(), (http_listener(redirect("/healthz", body=b"again")),)),
    Case(
        "redirect-to-other-port",
        http_probe(),
        (http_listener(redirect("http://127.0.0.1:PORT1/next")), http_listener(OK)),
    ),
    Case(
        "redirect-to-other-port-and-back",
        http_probe(),
        (
            http_listener(redirect("http://127.0.0.1:PORT1/one"), OK),
            http_listener(redirect("http://127.0.0.1:PORT0/two")),
        ),
    ),
    Case(
        "redirect-to-closed-other-port",
        http_probe(),
        (http_listener(redirect("http://127.0.0.1:PORT1/next")), Listener(state="closed")),
    ),
    Case(
        "redirect-to-silent-other-port",
        http_probe(),
        (http_listener(redirect("http://127.0.0.1:PORT1/next")), Listener(state="full")),
    ),
    Case(
        "redirect-to-https",
        http_probe(),
        (http_listener(redirect("https://127.0.0.1:PORT1/next")), http_listener(OK, tls=Tls())),
    ),
    Case(
        "redirect-from-https",
        http_probe(scheme="HTTPS"),
        (http_listener(redirect("http://127.0.0.1:PORT1/next"), tls=Tls()), http_listener(OK)),
    ),
    Case(
        "redirect-within-https",
        http_probe(scheme="HTTPS"),
        (http_listener(redirect("/next"), OK, tls=Tls()),),
    ),
    Case(
        "redirect-to-https-that-is-http",
        http_probe(),
        (http_listener(redirect("https://127.0.0.1:PORT0/next"), OK),),
    ),
    Case(
        "redirect-to-other-host-that-listens",
        http_probe(),
        (
            http_listener(redirect(f"http://{OTHER_HOST}:PORT1/next", body=b"there")),
            http_listener(OK, address=OTHER_HOST),
        ),
    ),
    Case(
        "redirect-then-other-host",
        http_probe(),
        (http_listener(redirect("/next"), redirect("http://other.example/", body=b"bye")),),
    ),
    Case(
        "redirect-ipv6",
        http_probe(),
        (http_listener(redirect("http://[::1]:PORT0/next"), OK, address=IPV6),),
        pod_address=IPV6,
    ),
    Case(
        "redirect-ipv6-long-form",
        http_probe(),
        (http_listener(redirect("http://[0:0:0:0:0:0:0:1]:PORT0/next"), OK, address=IPV6),),
        pod_address=IPV6,
    ),
    Case(
        "redirect-host-in-other-case",
        http_probe(host="localhost"),
        (http_listener(redirect("http://LOCALHOST:PORT0/next"), OK),),
    ),
    Case(
        "redirect-user-becomes-credentials",
        http_probe("http://first:secret@elsewhere/healthz"),
        (http_listener(redirect("/next"), OK),),
    ),
    Case(
        "redirect-then-failure",
        http_probe(),
        (http_listener(redirect("/next"), b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),),
    ),
    Case("redirect-then-garbage", http_probe(), (http_listener(redirect("/next"), b"garbage\r\n\r\n"),)),
    Case("redirect-then-close", http_probe(), (http_listener(redirect("/next"), b""),)),
    Case(
        "redirect-then-silence",
        http_probe(),
        (Listener(((ReadHead(), Send(redirect("/next")), Close()), (ReadHead(), Hold()))),),
    ),
    Case(
        "redirect-body-stalls",
        http_probe(),
        (
            Listener(
                (
                    (ReadHead(), Send(b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 9\r\n\r\nx"), Hold()),
                    (ReadHead(), Send(OK), Close()),
                )
            ),
        ),
    ),
    Case(
        "redirect-long-body-stalls",
        http_probe(),
        (
            Listener(
                (
                    (
                        ReadHead(),
                        Send(b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 9999\r\n\r\nx"),
                        Hold(),
                    ),
                    (ReadHead(), Send(OK), Close()),
                )
            ),
        ),
    ),
    Case(
        "redirect-bad-location-long-body",
        http_probe(),
        (http_listener(redirect("/%zz", body=b"x" * 5000)),),
    ),
]

CASES = [*STATUSES, *LOCATIONS, *HEADERS, *CHAINS]
