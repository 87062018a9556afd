#pragma once

#include "cli/console.h"
#include "cli/options.h"
#include "model/evidence.h"

namespace netcheck::cli {

/// Diagnoses the evidence and writes the report, the same whether the evidence is live or saved.
/// Returns the exit code.
int Present(const model::Evidence& evidence, OutputFormat format, bool verbose, Console& console);

}  // namespace netcheck::cli
