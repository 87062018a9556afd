#pragma once

#include <cstdint>

#include "protocol/facts.h"

namespace netcheck::probe {

/// Time as the facts give it: microseconds of CLOCK_MONOTONIC since the hello fact, which is when
/// this object is made.
class ProbeClock {
 public:
  ProbeClock();

  [[nodiscard]] std::int64_t NowUs() const;
  /// Both clocks at one instant (the reading of CLOCK_REALTIME lies between two of
  /// CLOCK_MONOTONIC).
  [[nodiscard]] protocol::ClockPair Pair() const;
  /// Nanoseconds of CLOCK_REALTIME minus nanoseconds since hello, now. It changes when somebody
  /// sets the time, so it is asked for again before packet stamps are converted.
  [[nodiscard]] std::int64_t RealtimeOffsetNs() const;

 private:
  std::int64_t start_ns_ = 0;
};

}  // namespace netcheck::probe
