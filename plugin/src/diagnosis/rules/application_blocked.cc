// The kernel establishes connections, and the application takes none of them out of the accept
// queue: its event loop is blocked, its workers are all busy for good, or it is stopped. Every
// request waits, however long one is ready to wait.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "diagnosis/listeners.h"
#include "diagnosis/rule.h"
#include "diagnosis/timeout_advice.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

using protocol::Moment;

/// Connections that wait for accept() at the probe's address and port, in all sockets that share
/// it; nullopt: the listeners could not be listed, or none is there.
std::optional<std::int64_t> Waiting(const Digest& digest,
                                    const model::Probe& probe,
                                    Moment moment) {
  const auto listeners = ListenersOf(digest, probe.address, probe.port, moment);
  if (!listeners || listeners->empty()) {
    return std::nullopt;
  }
  std::int64_t waiting = 0;
  for (const protocol::Listener& listener : *listeners) {
    waiting += listener.queue;
  }
  return waiting;
}

struct Silence {
  int unanswered = 0;
  std::int64_t longest_us = 0;
  /// One attempt at least got an answer, if a late one, or was accepted or closed.
  bool answered = false;
};

Silence SilenceOf(const ProbeCase& probe) {
  Silence silence;
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& judged : check->attempts) {
      if (Unanswered(judged)) {
        ++silence.unanswered;
        silence.longest_us = std::max(silence.longest_us, judged.attempt->total_us);
        // One that came meanwhile from somebody else makes the queue as long.
        silence.answered = silence.answered || WasAccepted(judged);
      } else if (judged.attempt->first_byte_us || judged.closed_late) {
        silence.answered = true;
      }
    }
  }
  return silence;
}

Finding Explain(const Digest& digest,
                const ProbeCase& probe,
                const Silence& silence,
                std::int64_t before,
                std::int64_t after) {
  Finding finding;
  finding.code = "NC-APP-001";
  finding.certainty = Certainty::kProven;
  finding.subject = probe.subject;
  finding.title =
      fmt::format("The application is blocked: it takes no connection out of the queue of port {}",
                  probe.probe->port);
  finding.evidence.push_back(
      fmt::format("{} connected and got not one byte, the longest in {}; none was answered.",
                  Count(silence.unanswered, "request"),
                  Duration(silence.longest_us)));
  finding.evidence.push_back(fmt::format(
      "The listener on port {} held {} that the application had not accepted before netcheck "
      "connected, and {} afterwards (sock_diag): netcheck's own are still there.",
      probe.probe->port,
      Count(before, "connection"),
      after));
  finding.evidence.emplace_back(
      "The network is not it: the handshakes passed. Nor is it a short timeoutSeconds: no value "
      "would do.");
  AddToll(digest, probe, finding);
  finding.fix.push_back(fmt::format(
      "Find out what container {} waits for: its threads' stacks (jstack, py-spy, a Go goroutine "
      "dump), and the state of its processes: T is stopped, D waits for a disk or a file server.",
      probe.probe->container));
  finding.fix.emplace_back(
      "Serve health checks from a thread of their own, without waiting for databases or other "
      "services.");
  return finding;
}

}  // namespace

std::vector<Finding> ApplicationBlocked(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ProbeCase& probe : digest.probes) {
    const Silence silence = SilenceOf(probe);
    if (!probe.unusable.empty() || silence.unanswered == 0 || silence.answered ||
        ThrottlingOf(digest, probe.probe->container).throttled > 0) {
      continue;
    }
    const auto before = Waiting(digest, *probe.probe, Moment::kBefore);
    const auto after = Waiting(digest, *probe.probe, Moment::kAfter);
    // Whatever was accepted meanwhile was not ours, else less would be left than we brought.
    if (!before || !after || *after - *before < silence.unanswered) {
      continue;
    }
    Finding finding = Explain(digest, probe, silence, *before, *after);
    finding.claims = ClaimChecks(probe, [](const JudgedAttempt& judged) {
      return Unanswered(judged) || (judged.cut_off && !judged.attempt->first_byte_us);
    });
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace netcheck::diagnosis
