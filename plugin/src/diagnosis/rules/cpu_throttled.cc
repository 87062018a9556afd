// The container's CPU limit holds its processes up until the next period
// (kernel/sched/fair.c, throttle_cfs_rq), and that is why answers come late.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "diagnosis/rule.h"
#include "diagnosis/timeout_advice.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

/// kubelet's default, --cpu-cfs-quota-period. No process can be held up for longer in one period;
/// throttled_us adds up all CPUs.
constexpr double kPeriodUs = 1e5;

/// What the container itself did, or should have done, about attempts that came too late.
struct Waiting {
  int attempts = 0;
  double total_us = 0;  ///< From the handshake, or the command's execution, on.
  double limit_us = 0;  ///< What all of them together were allowed.
};

Waiting WaitingOf(const ProbeCase& probe) {
  constexpr double kMicrosPerSecond = 1e6;
  Waiting waiting;
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& judged : check->attempts) {
      if (IsSlow(judged, probe)) {
        ++waiting.attempts;
        waiting.total_us += static_cast<double>(judged.duration_us) -
                            static_cast<double>(judged.attempt->connect_us.value_or(0));
        waiting.limit_us += probe.probe->timeout_s * kMicrosPerSecond;
      }
    }
  }
  return waiting;
}

Finding Explain(const Digest& digest,
                const ProbeCase& probe,
                const Throttling& cpu,
                const Waiting& waiting) {
  Finding finding;
  finding.code = "NC-CPU-001";
  finding.subject = probe.subject;
  finding.title = fmt::format("The CPU limit of container {} holds it up: its answers come late",
                              probe.probe->container);
  finding.evidence.push_back(
      fmt::format("While netcheck looked, the container's processes were held up in {} of {} "
                  "scheduling periods (nr_throttled, nr_periods of its cgroup), for {} in all.",
                  cpu.throttled,
                  cpu.periods,
                  Duration(cpu.throttled_us)));
  finding.evidence.push_back(fmt::format(
      "{} that came later than timeoutSeconds ({} s) took {} together; that time explains it.",
      Count(waiting.attempts, probe.probe->kind == model::ProbeKind::kExec ? "run" : "answer"),
      probe.probe->timeout_s,
      Duration(static_cast<std::int64_t>(waiting.total_us))));
  AddDistribution(probe, finding);
  AddToll(digest, probe, finding);
  finding.fix.push_back(
      fmt::format("Raise the CPU limit of container {}, or remove it: a request alone gives it its "
                  "share when the node is busy.",
                  probe.probe->container));
  finding.fix.emplace_back(
      "Or let it use fewer threads at once (GOMAXPROCS, workers): each uses up the same quota.");
  return finding;
}

/// It wanted to run for most of that time (periods pass only then), was held up in most periods,
/// and for most of the time that the answers took, or long enough that they would have come in
/// time.
bool Explains(const Throttling& cpu, const Waiting& waiting) {
  const auto throttled = static_cast<double>(cpu.throttled);
  const auto periods = static_cast<double>(cpu.periods);
  const double held_up_us = std::min(static_cast<double>(cpu.throttled_us), throttled * kPeriodUs);
  return waiting.attempts > 0 && 2 * throttled >= periods &&
         2 * periods * kPeriodUs >= waiting.total_us &&
         (2 * held_up_us >= waiting.total_us || waiting.total_us - held_up_us <= waiting.limit_us);
}

}  // namespace

std::vector<Finding> CpuThrottled(const Digest& digest) {
  std::vector<Finding> findings;
  if (ThrottlingOf(digest, "probe").throttled > 0) {
    return findings;  // Our own process was held up, so our times are worth nothing.
  }
  for (const ProbeCase& probe : digest.probes) {
    const Throttling cpu = ThrottlingOf(digest, probe.probe->container);
    const Waiting waiting = WaitingOf(probe);
    if (!probe.unusable.empty() || cpu.throttled == 0 || !Explains(cpu, waiting)) {
      continue;
    }
    Finding finding = Explain(digest, probe, cpu, waiting);
    // Which of them it held up is not seen, only that it was most of the time.
    constexpr double kNearlyAll = 0.8;
    const bool nearly_all =
        static_cast<double>(cpu.throttled) >= kNearlyAll * static_cast<double>(cpu.periods);
    finding.certainty = nearly_all ? Certainty::kProven : Certainty::kLikely;
    finding.claims =
        ClaimChecks(probe, [&](const JudgedAttempt& judged) { return IsSlow(judged, probe); });
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace netcheck::diagnosis
