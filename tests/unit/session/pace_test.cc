#include "session/pace.h"

#include <doctest/doctest.h>

namespace netcheck::probe {
namespace {

protocol::Limits Limits(int per_second, int in_flight) {
  protocol::Limits limits;
  limits.connections_per_second = per_second;
  limits.max_in_flight = in_flight;
  return limits;
}

TEST_CASE("pace: the plan's limits hold where the target has room") {
  const Pace pace = PaceFor(Limits(200, 10), 4096, 1000);
  CHECK(pace.connections_per_second == 200);
  CHECK(pace.max_in_flight == 10);
  CHECK_FALSE(pace.files_limit);
  CHECK(PaceFor(Limits(20000, 500), std::nullopt, 1000).connections_per_second == 20000);
  CHECK(PaceFor(Limits(20000, 500), 4'000'000'000U, 1000).max_in_flight == 500);
}

TEST_CASE("pace: a short backlog slows it down, never to a stop") {
  CHECK(PaceFor(Limits(200, 10), 5, 1000).max_in_flight == 2);
  CHECK(PaceFor(Limits(200, 10), 5, 1000).connections_per_second == 40);
  for (const std::uint32_t backlog : {0U, 1U, 2U, 3U}) {
    CHECK(PaceFor(Limits(200, 10), backlog, 1000).max_in_flight == 1);
    CHECK(PaceFor(Limits(200, 10), backlog, 1000).connections_per_second == 20);
  }
}

TEST_CASE("pace: sockets that can't be opened are not asked for") {
  const Pace pace = PaceFor(Limits(200, 500), 4096, 100);
  CHECK(pace.max_in_flight == 100);
  CHECK(pace.files_limit);
  CHECK(PaceFor(Limits(200, 10), 4096, -5).max_in_flight == 1);
}

}  // namespace
}  // namespace netcheck::probe
