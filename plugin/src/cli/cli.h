#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace netcheck::cli {

/// The whole program: parses `argv` (argv[0] included), runs the command, writes its result to
/// `out` and progress and errors to `err`. Returns the exit code: 0 healthy, 1 a check failed or a
/// cause was found, 2 netcheck could not do its work.
int Main(const std::vector<std::string>& argv, std::ostream& out, std::ostream& err);

}  // namespace netcheck::cli
