#pragma once

#include <chrono>
#include <functional>

namespace netcheck::probe {

/// Asked at most 50 ms apart while something is waited for; true: give up.
using StopHook = std::function<bool()>;

/// How long something may take.
struct Patience {
  std::chrono::steady_clock::time_point until;
  StopHook stop;

  [[nodiscard]] bool Expired() const { return std::chrono::steady_clock::now() >= until; }
  /// The same, but not longer than `limit` from now.
  [[nodiscard]] Patience AtMost(std::chrono::milliseconds limit) const;
};

enum class WaitResult { kReady, kExpired, kStopped };

/// Waits until one of `events` (poll(2)) or an error is there for `fd`; with -1, just waits.
WaitResult WaitFor(int fd, short events, const Patience& patience);

}  // namespace netcheck::probe
