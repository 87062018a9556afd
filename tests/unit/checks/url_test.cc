#include "checks/url.h"

#include <doctest/doctest.h>

#include <string>

namespace netcheck::probe {
namespace {

std::string ErrorOf(const std::string& text) {
  const auto url = ParseUrl(text);
  return url ? "no error" : url.error().message;
}

std::string Resolved(const std::string& base, const std::string& reference) {
  return FormatUrl(ResolveReference(*ParseUrl(base), *ParseUrl(reference)));
}

TEST_CASE("url: parts of a path with query and fragment") {
  const auto url = ParseUrl("/a/b?c=d&e#f");
  REQUIRE(url.ok());
  CHECK(url->path == "/a/b");
  CHECK(url->raw_query == "c=d&e");
  CHECK(url->fragment == "f");
  CHECK(RequestUri(*url) == "/a/b?c=d&e");
}

TEST_CASE("url: parts of an absolute one") {
  const auto url = ParseUrl("HTTP://me:pa%20ss@[fd00::5]:8080/x?");
  REQUIRE(url.ok());
  CHECK(url->scheme == "http");
  REQUIRE(url->user.has_value());
  CHECK(url->user->name == "me");
  CHECK(url->user->password == std::string("pa ss"));
  CHECK(url->host == "[fd00::5]:8080");
  CHECK(Hostname(*url) == "fd00::5");
  CHECK(PortText(*url) == "8080");
  CHECK(url->force_query);
  CHECK(FormatUrl(*url) == "http://me:pa%20ss@[fd00::5]:8080/x?");
  CHECK(FormatUrlForMessage(*url) == "http://me:***@[fd00::5]:8080/x?");
  CHECK(FormatUrlWithoutUser(*url) == "http://[fd00::5]:8080/x?");
}

TEST_CASE("url: request lines as Go writes them") {
  const auto uri = [](const std::string& text) { return RequestUri(*ParseUrl(text)); };
  CHECK(uri("") == "/");
  CHECK(uri("?x") == "/?x");
  CHECK(uri("*") == "*");
  CHECK(uri("/a b") == "/a%20b");
  CHECK(uri("/a%2fb") == "/a%2fb");
  CHECK(uri("/a%2Fb/%7e") == "/a%2Fb/%7e");
  CHECK(uri("/\xc3\xa9") == "/%C3%A9");
  CHECK(uri("/!'()[]") == "/!'()[]");
  CHECK(uri("/[ ]") == "/%5B%20%5D");
  CHECK(uri("mailto:x@y") == "x@y");
  CHECK(uri("http:x?y") == "x?y");
}

TEST_CASE("url: a fragment is written as it was") {
  for (const char* text : {"/a#%2F", "/a#/", "/a#%c3%a4", "/a#b"}) {
    CHECK(FormatUrl(*ParseUrl(text)) == text);
  }
  CHECK(FormatUrl(*ParseUrl("/a#b c")) == "/a#b%20c");
  CHECK(Resolved("http://a/b#%2F", "") == "http://a/b#%2F");
}

TEST_CASE("url: what Go refuses, in Go's words") {
  CHECK(ErrorOf("%zz") == R"(parse "%zz": invalid URL escape "%zz")");
  CHECK(ErrorOf("/a%2") == R"(parse "/a%2": invalid URL escape "%2")");
  CHECK(ErrorOf("/a#%g0") == R"(parse "/a#%g0": invalid URL escape "%g0")");
  CHECK(ErrorOf("/a\x01") == R"(parse "/a\x01": net/url: invalid control character in URL)");
  CHECK(ErrorOf(":x") == R"(parse ":x": missing protocol scheme)");
  CHECK(ErrorOf("1:x") == R"(parse "1:x": first path segment in URL cannot contain colon)");
  CHECK(ErrorOf("http://a:b/") == R"(parse "http://a:b/": invalid port ":b" after host)");
  CHECK(ErrorOf("http://[::1/") == R"(parse "http://[::1/": missing ']' in host)");
  CHECK(ErrorOf("http://a b/") == R"(parse "http://a b/": invalid character " " in host name)");
  CHECK(ErrorOf("http://a%20b/") == R"(parse "http://a%20b/": invalid URL escape "%20")");
  CHECK(ErrorOf("http://a[b]/") ==
        R"(parse "http://a[b]/": invalid host: ParseAddr("b"): unable to parse IP)");
  CHECK(ParseUrl("http://a[::1]/")->host == "[::1]");
  CHECK(ErrorOf("http://]a[/") == R"(parse "http://]a[/": invalid port "a[" after host)");
  CHECK(ErrorOf("http://[1.2.3.4]/") == R"(parse "http://[1.2.3.4]/": invalid IP-literal)");
  CHECK(ErrorOf("http://[a]/") ==
        R"(parse "http://[a]/": invalid host: ParseAddr("a"): unable to parse IP)");
  CHECK(ErrorOf("http://a\"@b/") == R"(parse "http://a\"@b/": net/url: invalid userinfo)");
}

TEST_CASE("url: references are resolved as in RFC 3986 section 5.4") {
  const std::string base = "http://a/b/c/d;p?q";
  const std::pair<const char*, const char*> examples[] = {
      {"g", "http://a/b/c/g"},       {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},     {"/g", "http://a/g"},
      {"//g", "http://g"},           {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},   {"#s", "http://a/b/c/d;p?q#s"},
      {"", "http://a/b/c/d;p?q"},    {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},       {"..", "http://a/b/"},
      {"../g", "http://a/b/g"},      {"../..", "http://a/"},
      {"../../../g", "http://a/g"},  {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},       {"g.", "http://a/b/c/g."},
      {"./../g", "http://a/b/g"},    {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},  {"https://z:1/x/../y", "https://z:1/y"},
      {"..//g", "http://a/b//g"},    {"../..//g", "http://a//g"},
      {"g//h", "http://a/b/c/g//h"}, {"mailto:x", "mailto:x"}};
  for (const auto& example : examples) {
    CAPTURE(example.first);
    CHECK(Resolved(base, example.first) == example.second);
  }
}

}  // namespace
}  // namespace netcheck::probe
