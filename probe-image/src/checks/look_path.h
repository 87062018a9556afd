#pragma once

#include <string>

namespace netcheck::probe {

struct FoundProgram {
  std::string path;   ///< "" where it was not found, or is not to be run.
  std::string error;  ///< Then, in Go's words: `exec: "x": executable file not found in $PATH`.
};

/// Go's os/exec.LookPath (src/os/exec/lp_unix.go), which runc asks from inside the container, as
/// the container's user. `search_path` is the value of PATH there.
FoundProgram LookPath(const std::string& program, const std::string& search_path);

}  // namespace netcheck::probe
