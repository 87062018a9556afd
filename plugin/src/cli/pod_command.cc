#include "cli/commands.h"
#include "cli/pod_run.h"
#include "cli/progress.h"
#include "cli/report_command.h"

namespace netcheck::cli {

int RunPodCommand(const PodOptions& options,
                  bool verbose,
                  const Cluster& cluster,
                  Console& console) {
  Progress progress(console, verbose);
  const LiveEvidence live = CollectEvidence(options, cluster, progress);
  progress.Clear();
  return ReportLiveEvidence(live, options, verbose, console);
}

}  // namespace netcheck::cli
