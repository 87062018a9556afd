// The application answers, but later than the probe's timeoutSeconds allows.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "diagnosis/retransmission.h"
#include "diagnosis/rule.h"
#include "diagnosis/timeout_advice.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

bool LateAnswer(const JudgedAttempt& judged, const ProbeCase& probe) {
  return judged.late && judged.attempt->connect_us && IsSlow(judged, probe);
}

/// Where the time of the late answers went.
struct Latencies {
  std::vector<std::int64_t> connects;  ///< Of every answered attempt, less what was sent again.
  int late = 0;
  int late_and_wrong = 0;  ///< Of these, those that would not have passed in time either.
  int unanswered = 0;
};

Latencies Measure(const ProbeCase& probe) {
  const std::int64_t fastest = FastestHandshake(probe).value_or(0);
  Latencies latencies;
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& judged : check->attempts) {
      if (judged.failed && !judged.late) {
        latencies.unanswered +=
            judged.stage == Stage::kSlow && !judged.cut_off && !judged.closed_late ? 1 : 0;
        continue;
      }
      const bool late = LateAnswer(judged, probe);
      latencies.late += late ? 1 : 0;
      latencies.late_and_wrong += late && judged.attempt->result == "failure" ? 1 : 0;
      const std::int64_t connect = judged.attempt->connect_us.value_or(0);
      if (!SentAgain(connect, fastest)) {
        latencies.connects.push_back(connect);
      }
    }
  }
  std::sort(latencies.connects.begin(), latencies.connects.end());
  return latencies;
}

/// How many round trips a check takes at the least, the handshake among them.
int RoundTrips(const model::Probe& probe) {
  switch (probe.kind) {
    case model::ProbeKind::kHttp:
      return probe.scheme == "HTTPS" ? 3 : 2;  // TLS 1.3 needs one, TLS 1.2 another one.
    case model::ProbeKind::kGrpc:
      return 3;  // kubelet waits for the server's SETTINGS before it asks.
    default:
      return 1;
  }
}

/// The application's share of the time, or the network's.
void AddWhereItWent(const ProbeCase& probe, const Latencies& latencies, Finding& finding) {
  const std::vector<std::int64_t> times = TimesOf(probe);
  const std::int64_t round_trip =
      latencies.connects.empty() ? 0 : latencies.connects[latencies.connects.size() / 2];
  const int trips = RoundTrips(*probe.probe);
  if (2 * round_trip * trips < times[times.size() / 2]) {
    finding.evidence.push_back(
        fmt::format("The connection itself took at most {}: the time is spent in the application, "
                    "not in the network.",
                    Duration(latencies.connects.empty() ? 0 : latencies.connects.back())));
    return;
  }
  finding.evidence.push_back(fmt::format(
      "The network takes most of it: a handshake, which the kernel makes without the application, "
      "takes {} (median), and such a check needs {}.",
      Duration(round_trip),
      Count(trips, "round trip")));
  finding.fix.emplace_back(
      "Look for what delays packets between the node and the pod: shaped traffic (the pod's "
      "bandwidth annotations, tc -s qdisc), a node without CPU time for its network.");
}

Finding Explain(const Digest& digest, const ProbeCase& probe) {
  const Latencies latencies = Measure(probe);
  const std::vector<std::int64_t> times = TimesOf(probe);
  Finding finding;
  finding.code = "NC-TIMEOUT-001";
  finding.certainty = Certainty::kProven;
  finding.subject = probe.subject;
  finding.title = fmt::format("The answer takes longer than timeoutSeconds: {} allows",
                              Count(probe.probe->timeout_s, "second"));
  finding.evidence.push_back(fmt::format(
      "{} of {} came after timeoutSeconds.", latencies.late, Count(std::ssize(times), "answer")));
  AddDistribution(probe, finding);
  AddWhereItWent(probe, latencies, finding);
  if (latencies.late_and_wrong > 0) {
    finding.evidence.push_back(fmt::format(
        "{} of these answers would have failed the probe in time, too.", latencies.late_and_wrong));
  }
  if (latencies.unanswered > 0) {
    finding.evidence.push_back(fmt::format("{} got no answer for as long as netcheck waited.",
                                           Count(latencies.unanswered, "request")));
  }
  AddToll(digest, probe, finding);
  finding.fix.push_back(
      fmt::format("Make {} answer faster, or set timeoutSeconds: {} (the slowest answer measured "
                  "and half as much again).",
                  probe.probe->path.empty() ? "the check" : probe.probe->path,
                  SufficientTimeout(times.back())));
  AddThrottling(digest, probe, finding);
  return finding;
}

}  // namespace

std::vector<Finding> SlowAnswer(const Digest& digest) {
  std::vector<Finding> findings;
  if (ThrottlingOf(digest, "probe").throttled > 0) {
    return findings;  // Our own process was held up, so our times are worth nothing.
  }
  for (const ProbeCase& probe : digest.probes) {
    const auto late = [&](const JudgedAttempt& judged) { return LateAnswer(judged, probe); };
    if (!probe.unusable.empty() || ClaimChecks(probe, late).empty()) {
      continue;
    }
    Finding finding = Explain(digest, probe);
    finding.claims = ClaimChecks(
        probe, [&](const JudgedAttempt& judged) { return late(judged) || judged.cut_off; });
    // Handshakes that were late for the same reason, not lost.
    const auto handshakes = ClaimHandshakes(
        probe, [](const HandshakeAttempt& attempt) { return attempt.stage == Stage::kSlow; });
    finding.claims.insert(finding.claims.end(), handshakes.begin(), handshakes.end());
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace netcheck::diagnosis
