#pragma once

#include <vector>

#include "protocol/facts.h"

namespace netcheck::probe {

/// `fact` in as many facts of its kind as make each fit into a line of the stream
/// (protocol::kMaxLineBytes). Kinds that hold no list come back as they are.
std::vector<protocol::Fact> SplitFact(protocol::Fact fact);

}  // namespace netcheck::probe
