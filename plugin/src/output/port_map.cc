#include "output/port_map.h"

#include <algorithm>

namespace netcheck::output {
namespace {

using diagnosis::Attempt;
using diagnosis::CheckReport;

bool Tried(const Attempt& attempt) {
  return attempt.outcome != "not tried" && attempt.source_port != 0;
}

void Mark(PortCell& cell, bool passed) {
  const PortCell seen = passed ? PortCell::kPassed : PortCell::kFailed;
  cell = cell == PortCell::kNotTried || cell == seen ? seen : PortCell::kMixed;
}

}  // namespace

int PortMap::FirstPort(std::size_t cell) const {
  const auto ports = static_cast<std::size_t>(high - low) + 1;
  return low + static_cast<int>(cell * ports / cells.size());
}

PortMap DrawPorts(const std::vector<const CheckReport*>& batches, int columns) {
  PortMap map;
  map.low = 1 << 16;
  map.high = -1;
  for (const CheckReport* batch : batches) {
    for (const Attempt& attempt : batch->attempts) {
      if (Tried(attempt)) {
        map.low = std::min(map.low, attempt.source_port);
        map.high = std::max(map.high, attempt.source_port);
      }
    }
  }
  if (map.high < map.low) {
    return PortMap{};
  }
  const int ports = map.high - map.low + 1;
  const auto cells = static_cast<std::size_t>(std::clamp(columns, 1, ports));
  map.cells.assign(cells, PortCell::kNotTried);
  for (const CheckReport* batch : batches) {
    for (const Attempt& attempt : batch->attempts) {
      if (Tried(attempt)) {
        // The inverse of FirstPort(): the last cell that starts at or before the port.
        const auto offset = static_cast<std::size_t>(attempt.source_port - map.low);
        const std::size_t cell = ((offset + 1) * cells - 1) / static_cast<std::size_t>(ports);
        Mark(map.cells[cell], attempt.outcome != "failure");
      }
    }
  }
  return map;
}

}  // namespace netcheck::output
