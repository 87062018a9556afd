#include "checks/http_request.h"

#include <doctest/doctest.h>

#include <string>

namespace netcheck::probe {
namespace {

protocol::HttpRequest Spec(const std::string& path) {
  protocol::HttpRequest spec;
  spec.path = path;
  spec.user_agent = "kube-probe/1.34";
  return spec;
}

std::string Wire(const protocol::HttpRequest& spec, const std::string& address = "10.0.0.5") {
  const auto request = BuildProbeRequest(spec, address, 8080);
  if (!request) {
    return "no request: " + request.error().message;
  }
  const auto text = SerializeHttp1(*request);
  return text ? *text : "not sent: " + text.error().message;
}

std::string RequestLine(const std::string& path) {
  const std::string wire = Wire(Spec(path));
  return wire.substr(0, wire.find("\r\n"));
}

TEST_CASE("http request: the form of a plain probe") {
  CHECK(Wire(Spec("/healthz")) ==
        "GET /healthz HTTP/1.1\r\n"
        "Host: 10.0.0.5:8080\r\n"
        "User-Agent: kube-probe/1.34\r\n"
        "Accept: */*\r\n"
        "Connection: close\r\n"
        "\r\n");
  CHECK(Wire(Spec("/"), "fd00::5").find("Host: [fd00::5]:8080\r\n") != std::string::npos);
}

/// "name: value" lines of the header list for HTTP/2.
std::string Http2Lines(const protocol::HttpRequest& spec) {
  const auto request = BuildProbeRequest(spec, "10.0.0.5", 8443);
  REQUIRE(request);
  const auto fields = Http2RequestFields(*request);
  if (!fields) {
    return fields.error().message;
  }
  std::string lines;
  for (const Http2Field& field : *fields) {
    lines += field.name + ": " + field.value + "\n";
  }
  return lines;
}

TEST_CASE("http request: the same over HTTP/2") {
  protocol::HttpRequest spec = Spec("/a?b");
  spec.scheme = "HTTPS";
  CHECK(Http2Lines(spec) ==
        ":authority: 10.0.0.5:8443\n:method: GET\n:path: /a?b\n:scheme: https\n"
        "accept: */*\nuser-agent: kube-probe/1.34\n");
  spec.headers = {{"host", "web.example"},
                  {"Connection", "keep-alive"},
                  {"X-Foo", "1"},
                  {"x-foo", "2"},
                  {"cookie", "a=1; b=2;c=3"},
                  {"user-agent", ""}};
  CHECK(Http2Lines(spec) ==
        ":authority: web.example\n:method: GET\n:path: /a?b\n:scheme: https\n"
        "accept: */*\ncookie: a=1\ncookie: b=2\ncookie: c=3\nx-foo: 1\nx-foo: 2\n");
  spec.headers = {{"Connection", "Upgrade"}};
  CHECK(Http2Lines(spec) == "http2: invalid Connection request header: [\"Upgrade\"]");
  spec.headers = {{"Host", "a b"}};
  CHECK(Http2Lines(spec) == "http2: invalid Host header");
}

TEST_CASE("http request: paths") {
  CHECK(RequestLine("") == "GET / HTTP/1.1");
  CHECK(RequestLine("/a?b=c#d") == "GET /a?b=c HTTP/1.1");
  CHECK(RequestLine("healthz") == "GET /healthz HTTP/1.1");
  CHECK(RequestLine("/%zz?x") == "GET /%25zz%3Fx HTTP/1.1");  // Not parsed: all of it is path.
  CHECK(RequestLine("http://elsewhere/x?y") == "GET /x?y HTTP/1.1");
  CHECK(RequestLine("/a b") == "GET /a%20b HTTP/1.1");
}

TEST_CASE("http request: headers of the pod's spec") {
  protocol::HttpRequest spec = Spec("/");
  spec.headers = {{"x-foo", "1"},
                  {"Zed", " last "},
                  {"X-FOO", "2"},
                  {"host", "web.example"},
                  {"user-agent", "mine"},
                  {"accept", "text/plain"}};
  CHECK(Wire(spec) ==
        "GET / HTTP/1.1\r\n"
        "Host: web.example\r\n"
        "User-Agent: mine\r\n"
        "Accept: text/plain\r\n"
        "X-Foo: 1\r\n"
        "X-Foo: 2\r\n"
        "Zed: last\r\n"
        "Connection: close\r\n"
        "\r\n");
}

TEST_CASE("http request: a Host beyond ASCII goes out in Punycode") {
  protocol::HttpRequest spec = Spec("/");
  spec.headers = {{"Host", "bücher.example:99"}};
  CHECK(Wire(spec).find("Host: xn--bcher-kva.example:99\r\n") != std::string::npos);
  CHECK(Http2Lines(spec).find(":authority: xn--bcher-kva.example:99\n") != std::string::npos);
}

TEST_CASE("http request: hosts that the URL has to carry") {
  protocol::HttpRequest spec = Spec("/");
  spec.host = "a%41b";
  CHECK(FormatUrlForMessage(BuildProbeRequest(spec, "10.0.0.5", 8080)->url) ==
        "http://a%2541b:8080/");
  spec.host = "[::1]";
  CHECK(Wire(spec) ==
        R"(no request: parse "http://[[::1]]:8080/": invalid host: ParseAddr("::1]"): )"
        R"(unexpected character, want colon (at "]"))");
  spec.host = "localhost:80";
  CHECK(Wire(spec) ==
        R"(no request: parse "http://[localhost:80]:8080/": invalid host: )"
        R"(ParseAddr("localhost:80"): each colon-separated field must have at least one digit )"
        R"((at "localhost:80"))");
}

TEST_CASE("http request: an empty User-Agent or Accept sends none") {
  protocol::HttpRequest spec = Spec("/");
  spec.headers = {{"User-Agent", ""}, {"Accept", ""}};
  CHECK(Wire(spec) == "GET / HTTP/1.1\r\nHost: 10.0.0.5:8080\r\nConnection: close\r\n\r\n");
}

TEST_CASE("http request: Connection is added unless it is there or switches protocols") {
  protocol::HttpRequest spec = Spec("/");
  spec.headers = {{"Connection", "keep-alive, Close"}};
  CHECK(Wire(spec).find("Connection: close") == std::string::npos);
  spec.headers = {{"Connection", "upgrade"}, {"Upgrade", "websocket"}};
  CHECK(Wire(spec).find("Connection: close") == std::string::npos);
  spec.headers = {{"Connection", "upgrade"}};
  CHECK(Wire(spec).find("Connection: close") != std::string::npos);
}

TEST_CASE("http request: what Go does not send") {
  protocol::HttpRequest spec = Spec("/");
  spec.headers = {{"bad name", "1"}};
  CHECK(Wire(spec) == R"(not sent: net/http: invalid header field name "bad name")");
  spec.headers = {{"", "1"}};
  CHECK(Wire(spec) == R"(not sent: net/http: invalid header field name "")");
  spec.headers = {{"X-A", "1\r\nX-B: 2"}};
  CHECK(Wire(spec) == R"(not sent: net/http: invalid header field value for "X-A")");
  spec.headers = {{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}, {"Trailer", "X"}};
  CHECK(Wire(spec) == Wire(Spec("/")));
  spec = Spec("/");
  spec.host = "not a host";
  CHECK(Wire(spec) ==
        R"(no request: parse "http://not%20a%20host:8080/": invalid URL escape "%20")");
}

TEST_CASE("http request: user and password of the path become a header") {
  CHECK(Wire(Spec("http://me:secret@x/")).find("Authorization: Basic bWU6c2VjcmV0\r\n") !=
        std::string::npos);
}

TEST_CASE("http request: redirects keep headers and tell where they come from") {
  protocol::HttpRequest spec = Spec("/a");
  spec.headers = {{"Host", "web.example"}, {"X-Foo", "1"}};
  const auto first = BuildProbeRequest(spec, "10.0.0.5", 8080);
  REQUIRE(first.ok());

  const auto relative = FollowRedirect(*first, *first, "b?c");
  REQUIRE(relative.ok());
  CHECK(FormatUrl(relative->url) == "http://10.0.0.5:8080/b?c");
  CHECK(relative->host == "web.example");
  CHECK(FirstValue(relative->headers, "X-Foo") == "1");
  CHECK(FirstValue(relative->headers, "Referer") == "http://10.0.0.5:8080/a");

  const auto absolute = FollowRedirect(*first, *relative, "https://10.0.0.5:8443/d");
  REQUIRE(absolute.ok());
  CHECK(absolute->host.empty());
  CHECK(FirstValue(absolute->headers, "Referer") == "http://10.0.0.5:8080/b?c");

  const auto back = FollowRedirect(*first, *absolute, "http://10.0.0.5:8080/e");
  REQUIRE(back.ok());
  CHECK(back->headers.count("Referer") == 0);

  const auto bad = FollowRedirect(*first, *first, "/%zz");
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.error().message ==
        R"(failed to parse Location header "/%zz": parse "/%zz": invalid URL escape "%zz")");
}

TEST_CASE("http request: statuses that are followed") {
  for (const int status : {301, 302, 303, 307, 308}) {
    CHECK(IsRedirect(status));
  }
  for (const int status : {200, 300, 304, 305, 306, 309, 404}) {
    CHECK_FALSE(IsRedirect(status));
  }
}

}  // namespace
}  // namespace netcheck::probe
