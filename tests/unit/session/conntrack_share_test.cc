#include "session/conntrack_share.h"

#include <doctest/doctest.h>

namespace netcheck::probe {
namespace {

TEST_CASE("conntrack share: what is left of it follows the table") {
  std::int64_t free = 1000;
  const ConntrackShare share(5, [&] { return std::optional(free); });
  CHECK(share.Room() == 50);
  free = 980;
  CHECK(share.Room() == 30);
  free = 950;
  CHECK(share.Room() == 0);
  free = 100;  // Others filled it: none of it is the probe's to take.
  CHECK(share.Room() == 0);
  free = 990;
  CHECK(share.Room() == 40);
  free = 5000;  // Others went away, the share stays as it was.
  CHECK(share.Room() == 50);
}

TEST_CASE("conntrack share: a few connections are made whatever the table holds") {
  CHECK(ConntrackShare(5, [] { return std::optional<std::int64_t>(0); }).Room() == 10);
  CHECK(ConntrackShare(5, [] { return std::optional<std::int64_t>(50); }).Room() == 10);
  CHECK(ConntrackShare(100, [] { return std::optional<std::int64_t>(7); }).Room() == 7);
  std::int64_t free = 1000;
  const ConntrackShare filled(5, [&] { return std::optional(free); });
  free = 0;
  CHECK(filled.Room() == 10);
}

TEST_CASE("conntrack share: an absent table sets no limit") {
  CHECK_FALSE(ConntrackShare(5, [] { return std::optional<std::int64_t>(); }).Room().has_value());
}

}  // namespace
}  // namespace netcheck::probe
