#pragma once

#include <string>
#include <vector>

namespace netcheck::probe {

/// `netcheck-probe check`: one v1.Probe, made from here as kubelet makes it; each attempt is a line
/// of JSON on standard output. `arguments` are those behind "check". Returns the exit code: 0 when
/// the attempts were made, whatever came of them; 2 when they were not.
int CheckCommand(const std::vector<std::string>& arguments);

}  // namespace netcheck::probe
