#include <doctest/doctest.h>

#include "engine/address.h"

namespace netcheck::probe {
namespace {

TEST_CASE("address: texts of both families") {
  for (const char* text : {"10.0.0.5", "127.0.0.1", "fd00::5", "::1", "::"}) {
    const auto address = ParseIpAddress(text);
    REQUIRE(address.has_value());
    CHECK(FormatIpAddress(*address) == text);
  }
  CHECK(FormatIpAddress(*ParseIpAddress("FD00:0:0::0005")) == "fd00::5");
  CHECK(FormatEndpoint({*ParseIpAddress("10.0.0.5"), 8080}) == "10.0.0.5:8080");
  CHECK(FormatEndpoint({*ParseIpAddress("fd00::5"), 8080}) == "[fd00::5]:8080");
  CHECK(FormatIpAddress({}).empty());
}

TEST_CASE("address: what is none") {
  for (const char* text : {"", "10.0.0", "10.0.0.256", "[::1]", "fe80::1%eth0", "web"}) {
    CAPTURE(text);
    CHECK(!ParseIpAddress(text).has_value());
  }
}

TEST_CASE("address: socket addresses and back") {
  for (const char* text : {"10.0.0.5", "fd00::5"}) {
    const Endpoint endpoint{*ParseIpAddress(text), 8080};
    CHECK(FromSocketAddress(ToSocketAddress(endpoint)) == endpoint);
  }
  CHECK(FromSocketAddress({}).address.family == AF_UNSPEC);
}

TEST_CASE("address: loopback is local, a documentation address is not") {
  CHECK(IsLoopback(*ParseIpAddress("127.8.0.1")));
  CHECK(IsLoopback(*ParseIpAddress("::1")));
  CHECK(!IsLoopback(*ParseIpAddress("10.0.0.1")));
  CHECK(IsLocalAddress(*ParseIpAddress("127.0.0.1")));
  CHECK(!IsLocalAddress(*ParseIpAddress("203.0.113.7")));
}

}  // namespace
}  // namespace netcheck::probe
