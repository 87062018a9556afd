#pragma once

#include <cstddef>
#include <vector>

#include "protocol/facts.h"

namespace netcheck::probe {

/// Length of the fact's line whatever its number, newline included.
std::size_t LineBytes(const protocol::Fact& fact);

/// `fact` as facts that each fit into a line: lists and maps are split, then texts cut and packets
/// dropped from the end where a single element is still too long.
std::vector<protocol::Fact> FitIntoLines(const protocol::Fact& fact);

}  // namespace netcheck::probe
