// The application answers, but later than the probe's timeoutSeconds allows.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "diagnosis/rule.h"
#include "diagnosis/timeout_advice.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

/// Late because of the answer, not because of a lost SYN: a retransmission alone takes 1 s
/// (TCP_TIMEOUT_INIT, include/net/tcp.h).
bool LateByAnswer(const JudgedAttempt& attempt) {
  return attempt.late && attempt.attempt->connect_us &&
         *attempt.attempt->connect_us * 2 < attempt.attempt->total_us;
}

bool LateOrCutOff(const JudgedAttempt& attempt) {
  return LateByAnswer(attempt) || attempt.cut_off;
}

struct Latencies {
  std::vector<std::int64_t> sorted;  ///< Total time of every attempt that passed or came late.
  std::int64_t slowest_connect = 0;
  int late = 0;
  int late_and_wrong = 0;  ///< Of these, those that would not have passed in time either.
  int unanswered = 0;
};

Latencies Measure(const ProbeCase& probe) {
  Latencies latencies;
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& judged : check->attempts) {
      if (judged.failed && !judged.late) {
        latencies.unanswered += judged.stage == Stage::kSlow && !judged.cut_off ? 1 : 0;
        continue;
      }
      latencies.late += LateByAnswer(judged) ? 1 : 0;
      latencies.late_and_wrong += LateByAnswer(judged) && judged.attempt->result == "failure";
      latencies.sorted.push_back(judged.attempt->total_us);
      latencies.slowest_connect =
          std::max(latencies.slowest_connect, judged.attempt->connect_us.value_or(0));
    }
  }
  std::sort(latencies.sorted.begin(), latencies.sorted.end());
  return latencies;
}

Finding Explain(const Digest& digest, const ProbeCase& probe, std::vector<AttemptRef> claims) {
  const Latencies latencies = Measure(probe);
  const std::int64_t slowest = latencies.sorted.back();
  const std::int64_t median = latencies.sorted[latencies.sorted.size() / 2];
  const std::int64_t enough = SufficientTimeout(slowest);
  Finding finding;
  finding.code = "NC-TIMEOUT-001";
  finding.certainty = Certainty::kProven;
  finding.subject = probe.subject;
  finding.title = fmt::format("The answer takes longer than timeoutSeconds: {} allows",
                              Count(probe.probe->timeout_s, "second"));
  finding.evidence.push_back(fmt::format(
      "{} of {} {} the answer came after timeoutSeconds ({} s): fastest {}, median {}, slowest {}.",
      latencies.late,
      latencies.sorted.size(),
      latencies.sorted.size() == 1 ? "time" : "times",
      probe.probe->timeout_s,
      Duration(latencies.sorted.front()),
      Duration(median),
      Duration(slowest)));
  finding.evidence.push_back(
      fmt::format("The connection itself took at most {}: the time is spent in the application, "
                  "not in the network.",
                  Duration(latencies.slowest_connect)));
  if (latencies.late_and_wrong > 0) {
    finding.evidence.push_back(fmt::format(
        "{} of these answers would have failed the probe in time, too.", latencies.late_and_wrong));
  }
  if (latencies.unanswered > 0) {
    finding.evidence.push_back(fmt::format("{} got no answer for as long as netcheck waited.",
                                           Count(latencies.unanswered, "request")));
  }
  AddThrottling(digest, probe, finding);
  finding.fix.push_back(
      fmt::format("Make {} answer faster, or set timeoutSeconds: {} (the slowest answer measured "
                  "and half as much again).",
                  probe.probe->path.empty() ? "the check" : probe.probe->path,
                  enough));
  finding.claims = std::move(claims);
  return finding;
}

}  // namespace

std::vector<Finding> SlowAnswer(const Digest& digest) {
  std::vector<Finding> findings;
  if (ThrottlingOf(digest, "probe").throttled > 0) {
    return findings;  // Our own process was held up, so our times are worth nothing.
  }
  for (const ProbeCase& probe : digest.probes) {
    if (!probe.unusable.empty()) {
      continue;
    }
    if (!ClaimChecks(probe, LateByAnswer).empty()) {
      findings.push_back(Explain(digest, probe, ClaimChecks(probe, LateOrCutOff)));
    }
  }
  return findings;
}

}  // namespace netcheck::diagnosis
