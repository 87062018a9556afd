#include "cli/present.h"

#include <algorithm>

#include "diagnosis/finding.h"
#include "output/render.h"

namespace netcheck::cli {
namespace {

/// Attempts that fail with a pod that is gone, or in a report that breaks off, say nothing of it.
int ExitCode(const diagnosis::Report& report, const model::Evidence& evidence) {
  switch (report.verdict) {
    case diagnosis::Verdict::kHealthy:
      return kExitHealthy;
    case diagnosis::Verdict::kUnhealthy:
      return kExitUnhealthy;
    case diagnosis::Verdict::kUndetermined:
      break;
  }
  const bool failed = std::any_of(report.checks.begin(),
                                  report.checks.end(),
                                  [](const auto& check) { return check.failed > 0; });
  const bool reliable = evidence.report.complete && evidence.pod.uid == evidence.pod_after.uid;
  return reliable && failed ? kExitUnhealthy : kExitFailed;
}

void Render(const diagnosis::Report& report,
            const model::Evidence& evidence,
            OutputFormat format,
            bool verbose,
            const Console& console) {
  if (format == OutputFormat::kJson) {
    output::RenderJson(report, evidence, console.out);
  } else {
    output::RenderTable(
        report, evidence, {console.color, console.unicode, console.width, verbose}, console.out);
  }
  console.out << std::flush;
}

}  // namespace

int Present(const model::Evidence& evidence, OutputFormat format, bool verbose, Console& console) {
  const diagnosis::Report report = diagnosis::Diagnose(evidence);
  Render(report, evidence, format, verbose, console);
  const int exit_code = ExitCode(report, evidence);
  if (evidence.problem.empty()) {
    return exit_code;
  }
  if (exit_code == kExitFailed) {
    return console.Fail(evidence.problem);
  }
  console.Warn(evidence.problem);
  return exit_code;
}

}  // namespace netcheck::cli
