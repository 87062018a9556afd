#include "checks/go_netip.h"

#include <doctest/doctest.h>

namespace netcheck::probe {
namespace {

TEST_CASE("netip: addresses, and what is wrong with others") {
  for (const char* good :
       {"10.0.0.5", "::", "fd00::5", "1:2:3:4:5:6:7:8", "::ffff:10.0.0.5", "::1%lo"}) {
    CHECK(IpAddressFault(good) == "");
  }
  CHECK(IpAddressFault("web") == R"(ParseAddr("web"): unable to parse IP)");
  CHECK(IpAddressFault("%lo") == R"(ParseAddr("%lo"): missing IPv6 address)");
  CHECK(IpAddressFault("::1%") == R"(ParseAddr("::1%"): zone must be a non-empty string)");
  CHECK(IpAddressFault("localhost:80") ==
        R"(ParseAddr("localhost:80"): each colon-separated field must have at least one digit )"
        R"((at "localhost:80"))");
  CHECK(IpAddressFault("1::2::3") == R"(ParseAddr("1::2::3"): multiple :: in address (at ":3"))");
  CHECK(IpAddressFault("1:2") == R"(ParseAddr("1:2"): address string too short)");
  CHECK(IpAddressFault("10.0.0.256") == R"(ParseAddr("10.0.0.256"): IPv4 field has value >255)");
  CHECK(IpAddressFault("10.0.0") == R"(ParseAddr("10.0.0"): IPv4 address too short)");
}

}  // namespace
}  // namespace netcheck::probe
