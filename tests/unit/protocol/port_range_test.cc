#include "protocol/port_range.h"

#include <doctest/doctest.h>

using netcheck::protocol::ParsePortRange;

TEST_CASE("port range: as the kernel writes it") {
  const auto range = ParsePortRange("32768\t60999\n", "30000-32767,40000\n");
  REQUIRE(range);
  CHECK(range->Contains(32768));
  CHECK(range->Contains(60999));
  CHECK_FALSE(range->Contains(32767));
  CHECK_FALSE(range->Contains(61000));
  CHECK(range->Reserved(30000));
  CHECK(range->Reserved(32767));
  CHECK(range->Reserved(40000));
  CHECK_FALSE(range->Reserved(40001));
}

TEST_CASE("port range: nothing reserved") {
  for (const char* reserved : {"", "\n"}) {
    const auto range = ParsePortRange("1024 65535", reserved);
    REQUIRE(range);
    CHECK(range->reserved.empty());
    CHECK(range->local.first == 1024);
    CHECK(range->local.last == 65535);
  }
}

TEST_CASE("port range: malformed text is refused") {
  for (const char* local :
       {"", "32768", "a b", "32768 60999 1", "60999 32768", "1 65536", "-1 5"}) {
    CHECK_FALSE(ParsePortRange(local, ""));
  }
  for (const char* reserved : {"x", "1-", "-5", "5-4", "1,,2", "70000", "1 2"}) {
    CHECK_FALSE(ParsePortRange("1 2", reserved));
  }
}
