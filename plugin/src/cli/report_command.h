#pragma once

#include "cli/console.h"
#include "cli/probe_run.h"

namespace netcheck::cli {

/// How every command that ran the probe ends: diagnoses the evidence and writes the report.
/// Returns the exit code.
int ReportLiveEvidence(const LiveEvidence& live,
                       OutputFormat format,
                       bool verbose,
                       Console& console);

}  // namespace netcheck::cli
