#include "session/pace.h"

#include <algorithm>

namespace netcheck::probe {

std::uint32_t HalfOfBacklog(std::uint32_t backlog) {
  constexpr std::uint32_t kMostBacklog = 1'000'000;
  return std::max(1U, std::min(backlog, kMostBacklog) / 2);
}

Pace PaceFor(const protocol::Limits& limits, std::optional<std::uint32_t> backlog, int open_files) {
  // An application that is well accepts at least so often, also on a busy node.
  constexpr std::uint32_t kAcceptsPerSecond = 20;
  Pace pace{limits.connections_per_second, limits.max_in_flight, false};
  if (backlog) {
    const std::uint32_t half = HalfOfBacklog(*backlog);
    pace.max_in_flight = std::min(pace.max_in_flight, static_cast<int>(half));
    pace.connections_per_second =
        std::min(pace.connections_per_second, static_cast<int>(half * kAcceptsPerSecond));
  }
  if (pace.max_in_flight > open_files) {
    pace.max_in_flight = std::max(1, open_files);
    pace.files_limit = true;
  }
  return pace;
}

}  // namespace netcheck::probe
