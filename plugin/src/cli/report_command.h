#pragma once

#include "cli/console.h"
#include "cli/probe_run.h"

namespace netcheck::cli {

/// How every command that ran the probe ends: presents the evidence, and keeps it where the user
/// wants that. Returns the exit code.
int ReportLiveEvidence(const LiveEvidence& live,
                       const RunOptions& options,
                       bool verbose,
                       Console& console);

}  // namespace netcheck::cli
