#pragma once

#include <string>
#include <vector>

namespace netcheck::probe {

/// The whole program: `run PLAN` makes facts on standard output, `version` prints the version.
/// Returns the exit code of PROTOCOL.md.
int ProbeMain(const std::vector<std::string>& argv);

}  // namespace netcheck::probe
