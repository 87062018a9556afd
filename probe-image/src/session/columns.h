#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/attempt_table.h"
#include "protocol/facts.h"

namespace netcheck::probe {

/// The attempts of a finished batch as facts that each fit into a line; every attempt is in exactly
/// one of them. Pure.
std::vector<protocol::HandshakeColumns> EncodeColumns(const std::string& batch,
                                                      const std::string& source_address,
                                                      const AttemptTable& attempts);

/// Bytes of the stream that an attempt takes in its columns, at most: rather more than seen when
/// every attempt of a sweep of all ports fails after another time.
inline constexpr std::size_t kColumnBytesPerAttempt = 24;

/// [[value, count], ...]
template <typename T>
protocol::Runs EncodeRuns(const std::vector<T>& values, std::size_t first, std::size_t count) {
  protocol::Runs runs;
  for (std::size_t i = first; i < first + count; ++i) {
    if (runs.empty() || runs.back().first != static_cast<std::int64_t>(values[i])) {
      runs.emplace_back(values[i], 0);
    }
    ++runs.back().second;
  }
  return runs;
}

/// [[start, step, count], ...], each ramp as long as it goes.
protocol::Ramps EncodeRamps(const std::vector<std::uint16_t>& values,
                            std::size_t first,
                            std::size_t count);

}  // namespace netcheck::probe
