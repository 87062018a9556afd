#include "diagnosis/forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "diagnosis/probe_worker.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

using model::ProbeType;
using Outcome = ProbeWorker::Outcome;

constexpr double kSecondsADay = 86400;
constexpr double kMicrosPerSecond = 1e6;

struct Sample {
  std::vector<Outcome> outcomes;
  double mean_s = 0;  ///< Of an attempt, as kubelet would have waited for it.
};

Sample SampleOf(const ProbeCase& probe) {
  Sample sample;
  if (!probe.port_error.empty()) {
    sample.outcomes.push_back(Outcome::kError);
  }
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& judged : check->attempts) {
      sample.outcomes.push_back(judged.errored  ? Outcome::kError
                                : judged.failed ? Outcome::kFailure
                                                : Outcome::kSuccess);
      sample.mean_s += std::min(static_cast<double>(judged.duration_us) / kMicrosPerSecond,
                                static_cast<double>(probe.probe->timeout_s));
    }
  }
  sample.mean_s /= std::max(1.0, static_cast<double>(sample.outcomes.size()));
  return sample;
}

/// How the attempts end that count; kError where none does.
Outcome Usual(const Sample& sample) {
  for (const Outcome outcome : {Outcome::kSuccess, Outcome::kFailure}) {
    if (std::count(sample.outcomes.begin(), sample.outcomes.end(), outcome) > 0) {
      return outcome;
    }
  }
  return Outcome::kError;
}

/// When a probe gets its container restarted, from the container's start on.
struct RestartWindow {
  double low_s = 0;
  double high_s = 0;
};

/// The container's start with all probes that were tried, those that sometimes pass taken to pass,
/// at any time between two ticks of kubelet's workers. nullopt: this probe restarts nothing.
std::optional<RestartWindow> RestartBy(const Digest& digest, const model::Probe& restarting) {
  constexpr int kStarts = 50;
  std::vector<UniformProbe> probes;
  int longest_period_s = 1;
  for (const ProbeCase& probe : digest.probes) {
    const Sample sample = SampleOf(probe);
    if (probe.probe->container == restarting.container &&
        probe.probe->type != ProbeType::kUnknown && !sample.outcomes.empty()) {
      probes.push_back({probe.probe, Usual(sample), sample.mean_s});
      longest_period_s = std::max(longest_period_s, probe.probe->period_s);
    }
  }
  std::optional<RestartWindow> window;
  for (int i = 0; i < kStarts; ++i) {
    const Outlook outlook = SimulateStart(probes, double{1} * longest_period_s * i / kStarts);
    if (outlook.restart_s && outlook.restarted_by == restarting.type) {
      window = window ? RestartWindow{std::min(window->low_s, *outlook.restart_s),
                                      std::max(window->high_s, *outlook.restart_s)}
                      : RestartWindow{*outlook.restart_s, *outlook.restart_s};
    }
  }
  return window;
}

bool IsNeverRestarted(const Digest& digest, const std::string& name) {
  const auto& containers = digest.evidence->pod.containers;
  return std::any_of(containers.begin(), containers.end(), [&](const model::Container& container) {
    return container.name == name && container.never_restarted;
  });
}

/// What a stored failure does to the container or the pod.
const char* Consequence(ProbeType type, bool never_restarted) {
  if (type == ProbeType::kReadiness) {
    return "takes the pod out of its Services";
  }
  return never_restarted ? "kills the container" : "restarts the container";
}

/// "about 20 s", "about 3 min", "about 5 h", "about 12 days"
std::string About(double seconds) {
  constexpr double kMinute = 60;
  constexpr double kHour = 3600;
  if (seconds < 2 * kMinute) {
    return fmt::format("about {:.0f} s", seconds);
  }
  if (seconds < 2 * kHour) {
    return fmt::format("about {:.0f} min", seconds / kMinute);
  }
  if (seconds < 2 * kSecondsADay) {
    return fmt::format("about {:.0f} h", seconds / kHour);
  }
  return fmt::format("about {:.0f} days", seconds / kSecondsADay);
}

std::string InARow(int failures) {
  return failures == 1 ? "1 failure" : fmt::format("{} failures in a row", failures);
}

/// Every counted attempt failed.
void SayAllFail(const Digest& digest, const model::Probe& probe, Forecast& forecast) {
  if (probe.type == ProbeType::kReadiness) {
    const double until = (probe.failure_threshold - 1.0) * probe.period_s;
    forecast.after_s_low = until;
    forecast.after_s_high = until + probe.timeout_s;
    forecast.text = fmt::format(
        "the pod does not become ready; one that was ready is taken out of its Services after {}, "
        "{} from the first (periodSeconds {}, failureThreshold {})",
        InARow(probe.failure_threshold),
        About(until),
        probe.period_s,
        probe.failure_threshold);
  } else if (const auto window = RestartBy(digest, probe)) {
    const bool never_restarted = IsNeverRestarted(digest, probe.container);
    forecast.after_s_low = window->low_s;
    forecast.after_s_high = window->high_s;
    forecast.text = fmt::format(
        "kubelet {} {} to {} after {} (initialDelaySeconds {}, periodSeconds {}, failureThreshold "
        "{})",
        Consequence(probe.type, never_restarted),
        About(window->low_s),
        About(window->high_s),
        never_restarted ? "its start, for good: restartPolicy is Never" : "each start",
        probe.initial_delay_s,
        probe.period_s,
        probe.failure_threshold);
  } else {
    forecast.text = "kubelet does not make it before the startup probe has succeeded";
  }
}

/// Some counted attempts failed: a matter of luck, so an interval.
void SaySomeFail(const model::Probe& probe, int counted, bool never_restarted, Forecast& forecast) {
  const double counted_share = static_cast<double>(counted) / forecast.attempts;
  const double period = probe.period_s / counted_share;
  const ShareInterval share = WilsonInterval(forecast.failed, counted);
  const auto seconds = [&](double p) {
    return period * MeanAttemptsUntilRun(p, probe.failure_threshold);
  };
  forecast.after_s_low = seconds(share.high);
  forecast.after_s_high = seconds(share.low);
  forecast.text = fmt::format(
      "if attempts go on failing this often, each on its own, kubelet {} once in {} to {} "
      "(failureThreshold {}, periodSeconds {}; {:.0f} % to {:.0f} % of attempts fail, with 95 % "
      "confidence)",
      Consequence(probe.type, never_restarted),
      About(*forecast.after_s_low),
      About(*forecast.after_s_high),
      probe.failure_threshold,
      probe.period_s,
      100 * share.low,
      100 * share.high);
}

void SayAllPass(const model::Probe& probe, Forecast& forecast) {
  switch (probe.type) {
    case ProbeType::kReadiness:
      forecast.text = "the pod is or becomes ready";
      break;
    case ProbeType::kStartup:
      forecast.text = "the container counts as started";
      break;
    default:
      forecast.text = "the container goes on running";
      break;
  }
}

/// How often in a day failures take effect at this share of failed attempts.
double EffectsADay(const model::Probe& probe, double share, double attempts_a_day) {
  double attempts = MeanAttemptsUntilRun(share, probe.failure_threshold);
  if (probe.type == ProbeType::kReadiness) {
    // Out of the Services it has to come back before it can go again.
    const double back = share < 1 ? MeanAttemptsUntilRun(1 - share, probe.success_threshold)
                                  : std::numeric_limits<double>::infinity();
    attempts += back;
  }
  return attempts_a_day / attempts;
}

/// "0.2 to 31"
std::string Range(double low, double high) {
  const auto text = [](double n) { return fmt::format("{:.{}f}", n, n < 10 && n > 0 ? 1 : 0); };
  return text(low) == text(high) ? text(low) : fmt::format("{} to {}", text(low), text(high));
}

Forecast ForecastOf(const Digest& digest,
                    const ProbeCase& probe,
                    const std::vector<Outcome>& outcomes) {
  Forecast forecast;
  forecast.container = probe.probe->container;
  forecast.probe = model::Name(probe.probe->type);
  forecast.attempts = static_cast<int>(outcomes.size());
  const auto count = [&](Outcome outcome) {
    return static_cast<int>(std::count(outcomes.begin(), outcomes.end(), outcome));
  };
  forecast.failed = count(Outcome::kFailure);
  forecast.errored = count(Outcome::kError);
  const int counted = forecast.attempts - forecast.errored;
  const bool deleted = digest.evidence->pod.terminating || digest.evidence->pod_after.terminating;
  if (deleted && probe.probe->type != ProbeType::kReadiness) {
    forecast.text = "kubelet does not make it any more: the pod is being deleted";
  } else if (counted == 0) {
    forecast.text =
        "kubelet throws such attempts away: they count neither as success nor as failure";
  } else if (forecast.failed == 0) {
    SayAllPass(*probe.probe, forecast);
  } else if (forecast.failed == counted) {
    SayAllFail(digest, *probe.probe, forecast);
  } else {
    SaySomeFail(*probe.probe, counted, IsNeverRestarted(digest, forecast.container), forecast);
  }
  return forecast;
}

}  // namespace

std::string TollOfADay(const Digest& digest, const ProbeCase& probe) {
  constexpr int kSteps = 50;
  const model::Probe& spec = *probe.probe;
  const Sample sample = SampleOf(probe);
  const auto count = [&](Outcome outcome) {
    return static_cast<int>(std::count(sample.outcomes.begin(), sample.outcomes.end(), outcome));
  };
  const int failed = count(Outcome::kFailure);
  const int counted = failed + count(Outcome::kSuccess);
  const bool all_day =
      spec.type == ProbeType::kReadiness ||
      (spec.type == ProbeType::kLiveness && !IsNeverRestarted(digest, spec.container));
  if (failed == 0 || !all_day) {
    return "";
  }
  const ShareInterval share = WilsonInterval(failed, counted);
  const double attempts = kSecondsADay / std::max(double{1} * spec.period_s, sample.mean_s);
  double fewest = std::numeric_limits<double>::infinity();
  double most = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const double p = share.low + (share.high - share.low) * i / kSteps;
    const double effects = p > 0 ? EffectsADay(spec, p, attempts) : 0;
    fewest = std::min(fewest, effects);
    most = std::max(most, effects);
  }
  return fmt::format(
      "Expected in a day of {:.0f} probes (periodSeconds {}): {} fail ({:.0f} % to {:.0f} %, 95 % "
      "confidence from {}), which {} {} times (failureThreshold {}). It assumes that each fails on "
      "its own and that the load stays as it is; starts and kubelet's back-off between them are "
      "left out.",
      attempts,
      spec.period_s,
      Range(share.low * attempts, share.high * attempts),
      100 * share.low,
      100 * share.high,
      Count(counted, "attempt"),
      Consequence(spec.type, false),
      Range(fewest, most),
      spec.failure_threshold);
}

double MeanAttemptsUntilRun(double share, int run) {
  if (share >= 1) {
    return run;
  }
  const double whole_run = std::pow(share, run);
  return whole_run > 0 ? (1 - whole_run) / ((1 - share) * whole_run)
                       : std::numeric_limits<double>::infinity();
}

ShareInterval WilsonInterval(int hits, int count) {
  constexpr double kZ = 1.959964;  // 97.5 % quantile of the normal distribution.
  if (count == 0) {
    return {};
  }
  const double n = count;
  const double p = hits / n;
  const double denominator = 1 + kZ * kZ / n;
  const double center = (p + kZ * kZ / (2 * n)) / denominator;
  const double half = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n)) / denominator;
  return {std::max(0.0, center - half), std::min(1.0, center + half)};
}

std::vector<Forecast> Forecasts(const Digest& digest) {
  std::vector<Forecast> forecasts;
  for (const ProbeCase& probe : digest.probes) {
    const std::vector<Outcome> outcomes = SampleOf(probe).outcomes;
    if (probe.unusable.empty() && !outcomes.empty() && probe.probe->type != ProbeType::kUnknown) {
      forecasts.push_back(ForecastOf(digest, probe, outcomes));
    }
  }
  return forecasts;
}

}  // namespace netcheck::diagnosis
