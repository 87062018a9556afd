#include "kube/proxy.h"

#include <doctest/doctest.h>

#include <map>

namespace netcheck::kube {
namespace {

std::string ProxyFor(const std::string& server,
                     const std::map<std::string, std::string>& variables) {
  return ProxyFromEnvironment(*ParseUrl(server), [&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

bool Excluded(const std::string& server, const std::string& no_proxy) {
  return ProxyFor(server, {{"HTTPS_PROXY", "http://p:1"}, {"no_proxy", no_proxy}}).empty();
}

TEST_CASE("proxy: the variable is the scheme's, upper case first") {
  CHECK(ProxyFor("https://k", {{"HTTPS_PROXY", "http://p:1"}}) == "http://p:1");
  CHECK(ProxyFor("https://k", {{"HTTPS_PROXY", "a:1"}, {"https_proxy", "b:1"}}) == "http://a:1");
  CHECK(ProxyFor("https://k", {{"HTTPS_PROXY", ""}, {"https_proxy", "b:1"}}) == "http://b:1");
  CHECK(ProxyFor("https://k", {{"HTTP_PROXY", "http://p:1"}, {"ALL_PROXY", "x"}}).empty());
  CHECK(ProxyFor("http://k", {{"http_proxy", "socks5://p:1"}}) == "socks5://p:1");
}

TEST_CASE("proxy: loopback is reached directly") {
  for (const char* server : {"https://localhost:1", "https://127.9.0.1", "https://[::1]:6443"}) {
    CHECK(Excluded(server, ""));
  }
  CHECK_FALSE(Excluded("https://10.0.0.1", ""));
}

TEST_CASE("proxy: NO_PROXY by name") {
  CHECK(Excluded("https://k.example.com", "other, example.com ,"));
  CHECK(Excluded("https://example.com", "EXAMPLE.com"));
  CHECK_FALSE(Excluded("https://notexample.com", "example.com"));
  CHECK(Excluded("https://k.example.com", ".example.com"));
  CHECK_FALSE(Excluded("https://example.com", ".example.com"));
  CHECK_FALSE(Excluded("https://example.com", "*.example.com"));
  CHECK(Excluded("https://example.com", "example.com:443"));
  CHECK_FALSE(Excluded("https://example.com:6443", "example.com:443"));
  CHECK(Excluded("https://anything", "*"));
}

TEST_CASE("proxy: NO_PROXY by address") {
  CHECK(Excluded("https://10.1.2.3", "10.1.2.3"));
  CHECK(Excluded("https://10.1.2.3", "10.0.0.0/8"));
  CHECK(Excluded("https://10.1.2.3", "10.1.2.2/31"));
  CHECK_FALSE(Excluded("https://10.1.2.3", "10.1.2.4/31"));
  CHECK(Excluded("https://[fd00::12]", "fd00::/64"));
  CHECK(Excluded("https://[fd00::12]:6443", "[fd00::12]:6443"));
  CHECK(Excluded("https://[fd00::12]:6443", "fd00:0:0::12"));
  CHECK_FALSE(Excluded("https://[fd00::12]", "10.0.0.0/8"));
  CHECK_FALSE(Excluded("https://10.1.2.3", "10.0.0.0/99,10.0.0.0/x,[,:1"));
}

}  // namespace
}  // namespace netcheck::kube
