#include "diagnosis/probe_worker.h"

#include <algorithm>
#include <cmath>

namespace netcheck::diagnosis {

using model::ProbeType;

ProbeWorker::ProbeWorker(const model::Probe& probe)
    : type_(probe.type),
      failure_threshold_(probe.failure_threshold),
      success_threshold_(probe.success_threshold),
      stored_(Initial(probe.type)) {}

ProbeWorker::Stored ProbeWorker::Initial(ProbeType type) {
  switch (type) {
    case ProbeType::kReadiness:
      return Stored::kFailure;
    case ProbeType::kLiveness:
      return Stored::kSuccess;
    case ProbeType::kStartup:
    case ProbeType::kUnknown:
      break;
  }
  return Stored::kUnknown;
}

void ProbeWorker::Observe(Outcome outcome) {
  if (on_hold_ || outcome == Outcome::kError) {
    return;
  }
  run_ = outcome == last_ ? run_ + 1 : 1;
  last_ = outcome;
  const bool failed = outcome == Outcome::kFailure;
  if (run_ < (failed ? failure_threshold_ : success_threshold_)) {
    return;
  }
  stored_ = failed ? Stored::kFailure : Stored::kSuccess;
  on_hold_ = type_ == ProbeType::kStartup || (type_ == ProbeType::kLiveness && failed);
}

namespace {

/// What the prober does before it gives up on an attempt (maxProbeRetries, prober.go).
constexpr int kTriesOnError = 3;

/// One worker on the way through time.
struct Run {
  UniformProbe plan;
  ProbeWorker worker;
  double next_s = 0;  ///< The next tick.
  int made = 0;       ///< Attempts so far.

  [[nodiscard]] ProbeType type() const { return plan.probe->type; }
  [[nodiscard]] bool Settled() const {
    return worker.on_hold() || plan.outcome == ProbeWorker::Outcome::kError ||
           made >= std::max(plan.probe->failure_threshold, plan.probe->success_threshold);
  }
};

class Simulation {
 public:
  Simulation(const std::vector<UniformProbe>& probes, double since_tick_s) {
    for (const UniformProbe& probe : probes) {
      runs_.push_back({probe, ProbeWorker(*probe.probe)});
      runs_.back().next_s = FirstTick(probe.probe->period_s, since_tick_s);
      if (probe.probe->type == ProbeType::kStartup) {
        started_s_.reset();
      }
      has_readiness_ = has_readiness_ || probe.probe->type == ProbeType::kReadiness;
    }
  }

  Outlook Play() {
    // Nobody waits for what takes more ticks; thresholds and delays may be any number.
    constexpr int kMostTicks = 100'000;
    for (int i = 0; i < kMostTicks && !outlook_.restart_s; ++i) {
      Run* const run = Next();
      if (run == nullptr) {
        break;
      }
      Tick(*run);
    }
    if (!has_readiness_) {
      outlook_.ready_s = started_s_;
    }
    return outlook_;
  }

 private:
  static double FirstTick(int period_s, double since_tick_s) {
    const double since = std::fmod(since_tick_s, period_s);
    return since > 0 ? period_s - since : 0;
  }

  /// Whose tick is next; nullptr: nothing will change any more.
  Run* Next() {
    Run* next = nullptr;
    for (Run& run : runs_) {
      // Liveness and readiness wait for the startup probe, which may never succeed.
      const bool waits_for_ever =
          !started_s_ && run.type() != ProbeType::kStartup && StartupEnded();
      if (!run.Settled() && !waits_for_ever && (next == nullptr || run.next_s < next->next_s)) {
        next = &run;
      }
    }
    return next;
  }

  [[nodiscard]] bool StartupEnded() const {
    return std::any_of(runs_.begin(), runs_.end(), [](const Run& run) {
      return run.type() == ProbeType::kStartup && run.Settled();
    });
  }

  void Tick(Run& run) {
    const double now = run.next_s;
    run.next_s = now + run.plan.probe->period_s;
    const bool started = started_s_ && *started_s_ <= now;
    // kubelet compares whole seconds.
    if (std::floor(now) < run.plan.probe->initial_delay_s ||
        started == (run.type() == ProbeType::kStartup)) {
      return;
    }
    const bool errs = run.plan.outcome == ProbeWorker::Outcome::kError;
    const double end = now + run.plan.seconds * (errs ? kTriesOnError : 1);
    // Of the ticks that were missed meanwhile, one is waiting.
    run.next_s = std::max(run.next_s, end);
    run.worker.Observe(run.plan.outcome);
    ++run.made;
    Note(run, end);
  }

  void Note(const Run& run, double now) {
    const auto stored = run.worker.stored();
    if (run.type() == ProbeType::kReadiness) {
      if (stored == ProbeWorker::Stored::kSuccess && !outlook_.ready_s) {
        outlook_.ready_s = now;
      }
    } else if (stored == ProbeWorker::Stored::kFailure) {
      outlook_.restart_s = now;
      outlook_.restarted_by = run.type();
    } else if (run.type() == ProbeType::kStartup && stored == ProbeWorker::Stored::kSuccess) {
      started_s_ = now;
    }
  }

  std::vector<Run> runs_;
  std::optional<double> started_s_ = 0;  ///< When the startup probe had succeeded.
  bool has_readiness_ = false;
  Outlook outlook_;
};

}  // namespace

Outlook SimulateStart(const std::vector<UniformProbe>& probes, double since_tick_s) {
  return Simulation(probes, since_tick_s).Play();
}

}  // namespace netcheck::diagnosis
