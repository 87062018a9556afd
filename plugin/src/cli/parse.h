#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cli/options.h"

namespace netcheck::cli {

/// The user asked for help; the text goes to stdout.
struct Help {
  std::string text;
};

/// One sentence, without "error: ".
struct UsageError {
  std::string message;
};

/// `argv` includes argv[0]; where that begins with "kubectl-" help speaks of "kubectl netcheck".
std::variant<Options, Help, UsageError> Parse(const std::vector<std::string>& argv);

}  // namespace netcheck::cli
