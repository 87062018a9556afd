#include "session/accept_gate.h"

#include <doctest/doctest.h>

namespace netcheck::probe {
namespace {

using protocol::Listener;
using std::chrono::milliseconds;

TEST_CASE("accept gate: room until the queue of the listener is half full") {
  const auto room = [](std::vector<Listener> listeners) {
    return AcceptRoom(listeners, "10.0.0.5", 80);
  };
  CHECK(room({{"0.0.0.0", 80, false, 0, 128}}) == 64);
  CHECK(room({{"0.0.0.0", 80, false, 64, 128}}) == 0);
  CHECK(room({{"::", 80, false, 129, 128}}) == -65);
  CHECK(room({{"0.0.0.0", 80, false, 0, 0}}) == 1);
  CHECK(room({{"0.0.0.0", 80, false, 0, 4'000'000'000U}}) == 500'000);
  CHECK_FALSE(room({{"0.0.0.0", 81, false, 0, 128}, {"127.0.0.1", 80, false, 0, 128}}).has_value());
}

TEST_CASE("accept gate: of several listeners the fullest counts") {
  CHECK(AcceptRoom({{"0.0.0.0", 80, false, 3, 128}, {"0.0.0.0", 80, false, 60, 128}},
                   "10.0.0.5",
                   80) == 4);
}

/// A gate before a queue that the test fills.
struct Fixture {
  std::optional<std::int64_t> room;
  AcceptGate gate{[this] { return room; }};
  AcceptGate::Clock::time_point now;

  AcceptGate::Answer After(int time_ms, std::optional<std::int64_t> seen) {
    now += milliseconds(time_ms);
    room = seen;
    return gate.Ask(now);
  }
};

TEST_CASE("accept gate: what is not known sets no limit") {
  Fixture f;
  CHECK_FALSE(f.After(0, std::nullopt).room.has_value());
  CHECK_FALSE(f.After(5000, std::nullopt).stuck);
}

TEST_CASE("accept gate: a queue that gets shorter is waited for, one that does not is stuck") {
  Fixture f;
  CHECK(f.After(0, 12).room == 12U);
  CHECK(f.After(20, -10).room == 0U);
  CHECK_FALSE(f.After(990, -10).stuck);
  CHECK_FALSE(f.After(5, -9).stuck);  // It got shorter, if only by one.
  CHECK_FALSE(f.After(990, -9).stuck);
  CHECK(f.After(10, -9).stuck);
  CHECK(f.After(20, -20).stuck);
  CHECK_FALSE(f.After(20, 1).stuck);
  CHECK_FALSE(f.After(20, -3).stuck);  // From here the time counts anew.
}

}  // namespace
}  // namespace netcheck::probe
