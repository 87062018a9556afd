// The command of an exec probe takes longer than timeoutSeconds: the runtime kills it.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

#include "diagnosis/rule.h"
#include "diagnosis/timeout_advice.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

bool TooSlow(const JudgedAttempt& attempt) {
  return attempt.stage == Stage::kCommandSlow;
}

struct Runs {
  int killed = 0;
  std::int64_t longest_killed = 0;
  std::int64_t longest_start = 0;
  std::set<std::string> left_running;
};

Runs Measure(const ProbeCase& probe) {
  Runs runs;
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& judged : check->attempts) {
      if (!judged.attempt->exec || !judged.attempt->exec->started_us) {
        continue;
      }
      const protocol::ExecRun& run = *judged.attempt->exec;
      if (run.killed) {
        ++runs.killed;
        runs.longest_killed = std::max(runs.longest_killed, judged.duration_us);
      }
      runs.longest_start = std::max(runs.longest_start, *run.started_us);
      runs.left_running.insert(run.left_running.begin(), run.left_running.end());
    }
  }
  return runs;
}

void AddTimes(const Runs& runs, const ProbeCase& probe, Finding& finding) {
  AddDistribution(probe, finding);
  if (runs.killed > 0) {
    finding.evidence.push_back(
        fmt::format("{} had not ended when netcheck killed {}, after at most {}.",
                    Count(runs.killed, "run"),
                    runs.killed == 1 ? "it" : "them",
                    Duration(runs.longest_killed)));
  }
  finding.evidence.push_back(fmt::format(
      "To enter the container and execute the command took netcheck at most {}. "
      "timeoutSeconds counts from there; what the runtime itself needs until then can't "
      "be seen from here.",
      Duration(runs.longest_start)));
}

void AddFix(const Runs& runs, const ProbeCase& probe, Finding& finding) {
  const std::vector<std::int64_t> times = TimesOf(probe);
  // Of those that were killed, the longer ones say that no value is known to be enough.
  if (!times.empty() && runs.longest_killed <= times.back()) {
    finding.fix.push_back(
        fmt::format("Make the command faster, or set timeoutSeconds: {} (the slowest run measured "
                    "and half as much again).",
                    SufficientTimeout(times.back())));
  } else {
    finding.fix.push_back(
        fmt::format("Find out what it waits for: run it with kubectl exec in container {}.",
                    probe.probe->container));
  }
}

Finding Explain(const Digest& digest, const ProbeCase& probe, std::vector<AttemptRef> claims) {
  const Runs runs = Measure(probe);
  Finding finding;
  finding.code = "NC-TIMEOUT-002";
  finding.certainty = Certainty::kProven;
  finding.subject = probe.subject;
  finding.title = fmt::format("The command takes longer than timeoutSeconds: {} allows",
                              Count(probe.probe->timeout_s, "second"));
  AddTimes(runs, probe, finding);
  AddToll(digest, probe, finding);
  if (!runs.left_running.empty()) {
    finding.evidence.push_back(
        fmt::format("It left processes running, which kubelet does not end: {}.",
                    fmt::join(runs.left_running, ", ")));
  }
  AddFix(runs, probe, finding);
  AddThrottling(digest, probe, finding);
  finding.claims = std::move(claims);
  return finding;
}

}  // namespace

std::vector<Finding> SlowCommand(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ProbeCase& probe : digest.probes) {
    if (!probe.unusable.empty()) {
      continue;
    }
    if (auto claims = ClaimChecks(probe, TooSlow); !claims.empty()) {
      findings.push_back(Explain(digest, probe, std::move(claims)));
    }
  }
  return findings;
}

}  // namespace netcheck::diagnosis
