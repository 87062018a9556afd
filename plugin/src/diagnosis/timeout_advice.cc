#include "diagnosis/timeout_advice.h"

#include <fmt/format.h>

#include <cmath>

namespace netcheck::diagnosis {

Throttling ThrottlingOf(const Digest& digest, const std::string& subject) {
  Throttling rise;
  for (const protocol::CpuThrottling& fact : digest.report().cpu_throttling) {
    if (fact.subject == subject && fact.moment != protocol::Moment::kIdle) {
      const int sign = fact.moment == protocol::Moment::kAfter ? 1 : -1;
      rise.throttled += sign * fact.throttled_periods;
      rise.periods += sign * fact.periods;
    }
  }
  return rise;
}

void AddThrottling(const Digest& digest, const ProbeCase& probe, Finding& finding) {
  const Throttling cpu = ThrottlingOf(digest, probe.probe->container);
  if (cpu.throttled > 0) {
    finding.evidence.push_back(
        fmt::format("The container's CPU limit held it up in {} of {} scheduling periods meanwhile "
                    "(nr_throttled).",
                    cpu.throttled,
                    cpu.periods));
    finding.fix.emplace_back("Raise or remove the container's CPU limit.");
  }
}

std::int64_t SufficientTimeout(std::int64_t slowest_us) {
  constexpr double kMicrosPerSecond = 1e6;
  return static_cast<std::int64_t>(
      std::ceil(1.5 * static_cast<double>(slowest_us) / kMicrosPerSecond));
}

}  // namespace netcheck::diagnosis
