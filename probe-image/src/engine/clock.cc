#include "engine/clock.h"

#include <ctime>

namespace netcheck::probe {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kNsPerUs = 1'000;

std::int64_t ReadNs(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<std::int64_t>(time.tv_sec) * kNsPerSecond + time.tv_nsec;
}

struct Instant {
  std::int64_t monotonic_ns;
  std::int64_t realtime_ns;
};

Instant ReadBoth() {
  const std::int64_t before = ReadNs(CLOCK_MONOTONIC);
  const std::int64_t realtime = ReadNs(CLOCK_REALTIME);
  const std::int64_t after = ReadNs(CLOCK_MONOTONIC);
  return {before + (after - before) / 2, realtime};
}

}  // namespace

ProbeClock::ProbeClock() : start_ns_(ReadNs(CLOCK_MONOTONIC)) {}

std::int64_t ProbeClock::NowUs() const {
  return (ReadNs(CLOCK_MONOTONIC) - start_ns_) / kNsPerUs;
}

protocol::ClockPair ProbeClock::Pair() const {
  const Instant now = ReadBoth();
  return {(now.monotonic_ns - start_ns_) / kNsPerUs, now.realtime_ns / kNsPerUs};
}

std::int64_t ProbeClock::RealtimeOffsetNs() const {
  const Instant now = ReadBoth();
  return now.realtime_ns - (now.monotonic_ns - start_ns_);
}

}  // namespace netcheck::probe
