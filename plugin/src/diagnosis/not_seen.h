#pragma once

#include <vector>

#include "diagnosis/digest.h"

namespace netcheck::diagnosis {

/// What was not read of the API, and what the probe could not do on the node.
std::vector<model::NotSeen> NotSeenOf(const Digest& digest);

}  // namespace netcheck::diagnosis
