#pragma once

#include <cstdint>
#include <optional>

#include "protocol/plan.h"

namespace netcheck::probe {

/// How fast a batch may go.
struct Pace {
  int connections_per_second = 1;
  int max_in_flight = 1;
  bool files_limit = false;  ///< RLIMIT_NOFILE made max_in_flight smaller than it could be.
};

/// What may wait in an accept queue because of the probe.
std::uint32_t HalfOfBacklog(std::uint32_t backlog);

/// The plan's limits, lowered so that neither the connections under way nor those of any 50 ms,
/// which wait in the target's accept queue even when they are closed already, fill more than half
/// of its backlog. `open_files` is how many sockets may be open at once. Pure.
Pace PaceFor(const protocol::Limits& limits, std::optional<std::uint32_t> backlog, int open_files);

}  // namespace netcheck::probe
