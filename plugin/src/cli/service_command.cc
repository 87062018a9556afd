#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/report_command.h"
#include "cli/service_run.h"

namespace netcheck::cli {

int RunServiceCommand(const ServiceOptions& options,
                      bool verbose,
                      const Cluster& cluster,
                      Console& console) {
  Progress progress(console, verbose);
  const LiveEvidence live = CollectEvidence(options, cluster, progress);
  progress.Clear();
  return ReportLiveEvidence(live, options, verbose, console);
}

}  // namespace netcheck::cli
