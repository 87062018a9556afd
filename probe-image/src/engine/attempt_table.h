#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/facts.h"

namespace netcheck::probe {

/// Result of an attempt that has not ended; never in a finished batch.
inline constexpr int kResultPending = -3;

/// The attempts of one batch, column by column; index = position in the plan.
struct AttemptTable {
  explicit AttemptTable(const std::vector<std::uint16_t>& ports);

  [[nodiscard]] std::size_t size() const { return results.size(); }

  /// As planned; where that is 0, the port that the kernel chose, once it is known.
  std::vector<std::uint16_t> source_ports;
  /// 0, errno, protocol::kResultDeadline, protocol::kResultNotTried or kResultPending.
  std::vector<std::int32_t> results;
  /// protocol::Seen.
  std::vector<std::uint32_t> seen;
  /// Since hello; 0 for what was not tried.
  std::vector<std::int64_t> start_us;
  /// From connect() to its result; for a deadline, to when it was noticed.
  std::vector<std::int32_t> duration_us;
};

}  // namespace netcheck::probe
