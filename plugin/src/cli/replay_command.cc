#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/present.h"
#include "os/os.h"

namespace netcheck::cli {

int RunReplayCommand(const ReplayOptions& options, bool verbose, Console& console) {
  const bool piped = options.file == "-";
  const auto text = piped ? os::ReadStandardInput() : os::ReadFile(options.file);
  if (!text) {
    return console.Fail(text.error().message);
  }
  const auto evidence = model::Decode(*text);
  if (!evidence) {
    return console.Fail(
        fmt::format("{}: {}", piped ? "standard input" : options.file, evidence.error().message));
  }
  return Present(*evidence, options.output, verbose, console);
}

}  // namespace netcheck::cli
