// The application answers in time, with a status that is a failure: anything but 200 to 399
// (pkg/probe/http/http.go).
#include <fmt/format.h>

#include <map>
#include <set>
#include <string>

#include "diagnosis/rule.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

constexpr int kOk = 200;
constexpr int kBadRequest = 400;
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;

bool FailedByStatus(const JudgedAttempt& attempt) {
  return attempt.stage == Stage::kWrongAnswer && attempt.attempt->http_status != 0 &&
         (attempt.attempt->http_status < kOk || attempt.attempt->http_status >= kBadRequest);
}

std::string Advice(int status, const model::Probe& probe) {
  switch (status) {
    case kBadRequest:
      return fmt::format(
          "The application rejects the request itself. If it checks the Host header, allow {} or "
          "set httpGet.httpHeaders Host; if it speaks TLS there, set httpGet.scheme to HTTPS.",
          HostPort(probe.address, probe.port));
    case kUnauthorized:
    case kForbidden:
      return fmt::format("Exempt {} from authentication, or probe a path that needs none.",
                         probe.path);
    case kNotFound:
      return fmt::format("Nothing is served at {}: correct httpGet.path, or serve it.", probe.path);
    default:
      return fmt::format(
          "Ask the application why: its log at the time of a request to {}. If it reports a "
          "dependency, "
          "check that in the readiness probe only.",
          probe.path);
  }
}

}  // namespace

std::vector<Finding> HttpStatus(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ProbeCase& probe : digest.probes) {
    auto claims = ClaimChecks(probe, FailedByStatus);
    if (!probe.unusable.empty() || claims.empty()) {
      continue;
    }
    std::map<int, int> statuses;
    std::set<std::string> servers;
    int attempts = 0;
    for (const CheckCase* check : probe.checks) {
      attempts += static_cast<int>(check->attempts.size());
      for (const JudgedAttempt& attempt : check->attempts) {
        if (attempt.failed && FailedByStatus(attempt)) {
          ++statuses[attempt.attempt->http_status];
          servers.insert(attempt.attempt->server);
        }
      }
    }
    servers.erase("");
    Finding finding;
    finding.code = "NC-HTTP-001";
    finding.certainty = Certainty::kProven;
    finding.subject = probe.subject;
    finding.title =
        fmt::format("The application answers with HTTP status {}, which fails the probe",
                    statuses.begin()->first);
    for (const auto& [status, count] : statuses) {
      finding.evidence.push_back(fmt::format("{} of {} to {}{} answered with status {}.",
                                             count,
                                             Count(attempts, "request"),
                                             HostPort(probe.probe->address, probe.probe->port),
                                             probe.probe->path,
                                             status));
      finding.fix.push_back(Advice(status, *probe.probe));
    }
    if (!servers.empty()) {
      finding.evidence.push_back(
          fmt::format("The answer names its server: {}.", fmt::join(servers, ", ")));
    }
    if (!probe.probe->withheld_headers.empty()) {
      finding.certainty = Certainty::kPossible;
      finding.evidence.push_back(NotSent(probe.probe->withheld_headers));
    }
    finding.claims = std::move(claims);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace netcheck::diagnosis
