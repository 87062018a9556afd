// The gRPC server answers in time, with something else than SERVING (pkg/probe/grpc/grpc.go).
#include <fmt/format.h>

#include <map>
#include <string>

#include "diagnosis/rule.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

bool FailedByAnswer(const JudgedAttempt& attempt) {
  return attempt.stage == Stage::kWrongAnswer;
}

bool Contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

/// "the server" or "service \"shop\""
std::string Whose(const model::Probe& probe) {
  return probe.grpc_service.empty() ? "the server"
                                    : fmt::format("service \"{}\"", probe.grpc_service);
}

struct Meaning {
  std::string title;
  std::string fix;
};

Meaning MeaningOf(const std::string& output, const model::Probe& probe) {
  if (Contains(output, "responded with \"")) {
    return {fmt::format("The application itself says that {} is not serving", Whose(probe)),
            "Ask the application why it sets this status: its log at that time. If it reports a "
            "dependency, check that in the readiness probe only."};
  }
  if (Contains(output, "does not implement the grpc health protocol")) {
    return {"The application has no gRPC health service",
            "Register grpc.health.v1.Health in the application's server, or probe the port of the "
            "server that has it."};
  }
  if (Contains(output, "code = NotFound")) {
    return {fmt::format("The application's health service does not know {}", Whose(probe)),
            "Set grpc.service to a name that the application gives a status, or leave it out for "
            "the status of the server as a whole."};
  }
  return {"The application answers the gRPC health check with an error",
          "Ask the application why: its log at the time of a health check."};
}

}  // namespace

std::vector<Finding> GrpcHealth(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ProbeCase& probe : digest.probes) {
    if (probe.probe->kind != model::ProbeKind::kGrpc || !probe.unusable.empty()) {
      continue;
    }
    auto claims = ClaimChecks(probe, FailedByAnswer);
    if (claims.empty()) {
      continue;
    }
    std::map<std::string, int> answers;
    int attempts = 0;
    for (const CheckCase* check : probe.checks) {
      attempts += static_cast<int>(check->attempts.size());
      for (const JudgedAttempt& attempt : check->attempts) {
        if (attempt.failed && FailedByAnswer(attempt)) {
          ++answers[attempt.attempt->output];
        }
      }
    }
    const Meaning meaning = MeaningOf(answers.begin()->first, *probe.probe);
    Finding finding;
    finding.code = "NC-GRPC-001";
    finding.certainty = Certainty::kProven;
    finding.subject = probe.subject;
    finding.title = meaning.title;
    for (const auto& [answer, count] : answers) {
      finding.evidence.push_back(fmt::format("{} of {} at {} ended so: {}.",
                                             count,
                                             Count(attempts, "health check"),
                                             HostPort(probe.probe->address, probe.probe->port),
                                             answer));
    }
    finding.fix.push_back(meaning.fix);
    finding.claims = std::move(claims);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace netcheck::diagnosis
