#include "cli/commands.h"
#include "cli/pod_run.h"
#include "cli/present.h"
#include "cli/progress.h"
#include "os/os.h"

namespace netcheck::cli {

int RunPodCommand(const PodOptions& options,
                  bool verbose,
                  const Cluster& cluster,
                  Console& console) {
  Progress progress(console, verbose);
  const LiveEvidence live = CollectEvidence(options, cluster, progress);
  progress.Clear();
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
