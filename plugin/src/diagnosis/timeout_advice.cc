#include "diagnosis/timeout_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "diagnosis/forecast.h"
#include "diagnosis/retransmission.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {

Throttling ThrottlingOf(const Digest& digest, const std::string& subject) {
  Throttling rise;
  for (const protocol::CpuThrottling& fact : digest.report().cpu_throttling) {
    if (fact.subject == subject && fact.moment != protocol::Moment::kIdle) {
      const int sign = fact.moment == protocol::Moment::kAfter ? 1 : -1;
      rise.throttled += sign * fact.throttled_periods;
      rise.periods += sign * fact.periods;
      rise.throttled_us += sign * fact.throttled_us;
    }
  }
  return rise;
}

void AddThrottling(const Digest& digest, const ProbeCase& probe, Finding& finding) {
  const Throttling cpu = ThrottlingOf(digest, probe.probe->container);
  if (cpu.throttled > 0) {
    finding.evidence.push_back(fmt::format(
        "The container's CPU limit held it up in {} of {} scheduling periods meanwhile, for {} in "
        "all (nr_throttled), which does not explain it alone.",
        cpu.throttled,
        cpu.periods,
        Duration(cpu.throttled_us)));
    finding.fix.emplace_back("Raise or remove the container's CPU limit.");
  }
}

bool IsSlow(const JudgedAttempt& judged, const ProbeCase& probe) {
  return judged.stage == Stage::kCommandSlow ||
         (judged.stage == Stage::kSlow && !LateByRetransmission(judged, probe));
}

bool Unanswered(const JudgedAttempt& judged) {
  return judged.stage == Stage::kSlow && !judged.late && !judged.cut_off && !judged.closed_late &&
         !judged.attempt->first_byte_us;
}

bool WasAccepted(const JudgedAttempt& judged) {
  // What nobody accepted is reset when its listener goes, never closed with a FIN.
  const auto& socket = judged.attempt->server_socket;
  return socket && (socket->accepted || socket->unacknowledged > 0 || IsClosing(*socket));
}

bool IsClosing(const protocol::ServerSocket& socket) {
  return socket.tcp_state == "FIN_WAIT1" || socket.tcp_state == "CLOSING" ||
         socket.tcp_state == "LAST_ACK";
}

std::vector<std::int64_t> TimesOf(const ProbeCase& probe) {
  std::vector<std::int64_t> times;
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& judged : check->attempts) {
      const auto& run = judged.attempt->exec;
      if (run ? run->started_us && !run->killed : !judged.failed || judged.late) {
        times.push_back(judged.duration_us);
      }
    }
  }
  std::sort(times.begin(), times.end());
  return times;
}

void AddDistribution(const ProbeCase& probe, Finding& finding) {
  const std::vector<std::int64_t> times = TimesOf(probe);
  if (times.empty()) {
    return;
  }
  const bool command = probe.probe->kind == model::ProbeKind::kExec;
  finding.evidence.push_back(
      fmt::format("{} took: fastest {}, median {}, 90 % within {}, slowest {}; timeoutSeconds is "
                  "{}.",
                  command ? Count(std::ssize(times), "run") + " that ended"
                          : Count(std::ssize(times), "answer"),
                  Duration(times.front()),
                  Duration(times[times.size() / 2]),
                  Duration(times[(times.size() * 9 + 9) / 10 - 1]),
                  Duration(times.back()),
                  probe.probe->timeout_s));
}

void AddToll(const Digest& digest, const ProbeCase& probe, Finding& finding) {
  if (std::string toll = TollOfADay(digest, probe); !toll.empty()) {
    finding.evidence.push_back(std::move(toll));
  }
}

std::int64_t SufficientTimeout(std::int64_t slowest_us) {
  constexpr double kMicrosPerSecond = 1e6;
  return static_cast<std::int64_t>(
      std::ceil(1.5 * static_cast<double>(slowest_us) / kMicrosPerSecond));
}

}  // namespace netcheck::diagnosis
