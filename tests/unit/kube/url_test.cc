#include "kube/url.h"

#include <doctest/doctest.h>

#include "kube/api.h"

namespace netcheck::kube {
namespace {

TEST_CASE("url: the parts") {
  const auto url = ParseUrl("HTTPS://[fd00::1]/a/b/?q#f");
  REQUIRE(url);
  CHECK(url->scheme == "https");
  CHECK(url->host == "fd00::1");
  CHECK(url->port == "443");
  CHECK(url->path == "/a/b");
  CHECK(url->Authority() == "[fd00::1]:443");
}

TEST_CASE("url: what is none") {
  for (const char* text : {"", "https://", "host:99999999", "https://a b"}) {
    CHECK_FALSE(ParseUrl(text));
  }
}

TEST_CASE("url: only unreserved characters stay") {
  CHECK(Escape("a-Z_0.~") == "a-Z_0.~");
  CHECK(Escape("a b/c=d,\xC3\xA4%") == "a%20b%2Fc%3Dd%2C%C3%A4%25");
}

}  // namespace
}  // namespace netcheck::kube
