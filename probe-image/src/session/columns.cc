#include "session/columns.h"

#include <algorithm>
#include <utility>

#include "protocol/stream.h"
#include "session/line_fit.h"

namespace netcheck::probe {
namespace {

using protocol::HandshakeColumns;

/// More never fit into a line: each takes at least "0,0," of it.
constexpr std::size_t kMostAttemptsPerLine = 1000;

HandshakeColumns Encode(const std::string& batch,
                        const std::string& source_address,
                        const AttemptTable& attempts,
                        std::size_t first,
                        std::size_t count) {
  HandshakeColumns columns;
  columns.batch = batch;
  columns.first = static_cast<int>(first);
  columns.count = static_cast<int>(count);
  columns.source_address = source_address;
  columns.source_ports = EncodeRamps(attempts.source_ports, first, count);
  columns.results = EncodeRuns(attempts.results, first, count);
  columns.seen = EncodeRuns(attempts.seen, first, count);
  std::int64_t previous = 0;
  for (std::size_t i = first; i < first + count; ++i) {
    columns.start_us.push_back(attempts.start_us[i] - previous);
    previous = attempts.start_us[i];
    columns.duration_us.push_back(attempts.duration_us[i]);
  }
  return columns;
}

}  // namespace

protocol::Ramps EncodeRamps(const std::vector<std::uint16_t>& values,
                            std::size_t first,
                            std::size_t count) {
  protocol::Ramps ramps;
  const std::size_t end = first + count;
  for (std::size_t i = first; i < end;) {
    const std::int64_t step = i + 1 < end ? values[i + 1] - values[i] : 0;
    std::size_t next = i + 1;
    while (next < end && values[next] - values[next - 1] == step) {
      ++next;
    }
    ramps.push_back({values[i], step, static_cast<std::int64_t>(next - i)});
    i = next;
  }
  return ramps;
}

std::vector<HandshakeColumns> EncodeColumns(const std::string& batch,
                                            const std::string& source_address,
                                            const AttemptTable& attempts) {
  std::vector<HandshakeColumns> lines;
  std::size_t guess = kMostAttemptsPerLine;
  for (std::size_t first = 0; first < attempts.size();) {
    std::size_t count = std::min(guess, attempts.size() - first);
    HandshakeColumns columns = Encode(batch, source_address, attempts, first, count);
    for (std::size_t bytes = LineBytes(columns); bytes > protocol::kMaxLineBytes && count > 1;
         bytes = LineBytes(columns)) {
      count =
          std::clamp<std::size_t>(count * protocol::kMaxLineBytes / bytes * 15 / 16, 1, count - 1);
      columns = Encode(batch, source_address, attempts, first, count);
    }
    guess = std::min(count + count / 8 + 1, kMostAttemptsPerLine);
    first += count;
    lines.push_back(std::move(columns));
  }
  return lines;
}

}  // namespace netcheck::probe
