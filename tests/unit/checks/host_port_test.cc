#include "checks/host_port.h"

#include <doctest/doctest.h>

namespace netcheck::probe {
namespace {

TEST_CASE("host and port: joined and split") {
  CHECK(JoinHostPort("web", "80") == "web:80");
  CHECK(JoinHostPort("fd00::5", "80") == "[fd00::5]:80");
  CHECK(JoinHostPort("a%41b", "80") == "a%41b:80");
  CHECK(SplitHostPort("web:80").host == "web");
  CHECK(SplitHostPort("[fd00::5%eth0]:80").host == "fd00::5%eth0");
  CHECK(SplitHostPort("[fd00::5]:80").port == "80");
  CHECK(SplitHostPort("web:").fault.empty());
}

TEST_CASE("host and port: what can't be split") {
  CHECK(SplitHostPort("web").fault == "address web: missing port in address");
  CHECK(SplitHostPort("[[::1]]:80").fault == "address [[::1]]:80: missing port in address");
  CHECK(SplitHostPort("[::1:80").fault == "address [::1:80: missing ']' in address");
  CHECK(SplitHostPort("[::1]:8:0").fault == "address [::1]:8:0: too many colons in address");
  CHECK(SplitHostPort("a:b:80").fault == "address a:b:80: too many colons in address");
  CHECK(SplitHostPort("a[b:80").fault == "address a[b:80: unexpected '[' in address");
  CHECK(SplitHostPort("a]b:80").fault == "address a]b:80: unexpected ']' in address");
}

}  // namespace
}  // namespace netcheck::probe
