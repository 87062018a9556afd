#include "cli/report_command.h"

#include "cli/present.h"
#include "os/os.h"

namespace netcheck::cli {

int ReportLiveEvidence(const LiveEvidence& live,
                       const RunOptions& options,
                       bool verbose,
                       Console& console) {
  if (!live.usable) {
    return console.Fail(live.evidence.problem);
  }
  const int exit_code = Present(live.evidence, options.output, verbose, console);
  if (!options.save.empty()) {
    if (const auto error = os::WriteFile(options.save, model::Encode(live.evidence))) {
      return console.Fail(error->message);
    }
  }
  return exit_code;
}

}  // namespace netcheck::cli
