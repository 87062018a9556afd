#include "checks/patience.h"

#include <poll.h>

#include <algorithm>

namespace netcheck::probe {

Patience Patience::AtMost(std::chrono::milliseconds limit) const {
  return {std::min(until, std::chrono::steady_clock::now() + limit), stop};
}

WaitResult WaitFor(int fd, short events, const Patience& patience) {
  using std::chrono::milliseconds;
  constexpr milliseconds kSlice{50};
  while (true) {
    if (patience.stop && patience.stop()) {
      return WaitResult::kStopped;
    }
    const auto left =
        std::chrono::ceil<milliseconds>(patience.until - std::chrono::steady_clock::now());
    const auto slice = std::clamp(left, milliseconds(0), kSlice);
    pollfd entry{fd, events, 0};
    if (poll(&entry, 1, static_cast<int>(slice.count())) > 0) {
      return WaitResult::kReady;
    }
    if (patience.Expired()) {
      return WaitResult::kExpired;
    }
  }
}

}  // namespace netcheck::probe
