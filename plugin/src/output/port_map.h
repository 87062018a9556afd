#pragma once

#include <string>
#include <vector>

#include "diagnosis/finding.h"

namespace netcheck::output {

/// What the attempts of one cell of the picture met.
enum class PortCell { kNotTried, kPassed, kFailed, kMixed };

/// The picture of source ports × outcome: `cells` equal slices of the ports low..high.
struct PortMap {
  int low = 0;
  int high = 0;
  std::vector<PortCell> cells;

  /// First port of a cell; FirstPort(cells.size()) is high + 1.
  [[nodiscard]] int FirstPort(std::size_t cell) const;
};

/// From all handshakes with one target. `columns` bounds the number of cells; no attempt, no cells.
PortMap DrawPorts(const std::vector<const diagnosis::CheckReport*>& batches, int columns);

}  // namespace netcheck::output
