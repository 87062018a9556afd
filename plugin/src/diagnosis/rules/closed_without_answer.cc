// Somebody in the pod takes the connection and closes it before a byte of an answer: the handshake
// passed, and then came a FIN ("EOF") or a reset. The application may do so, or a proxy that a
// redirect in the pod has put before it; which of the two is not told by packets, so it is likely.
#include <fmt/format.h>

#include <set>
#include <string>

#include "diagnosis/kubelet_words.h"
#include "diagnosis/rule.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

/// A reset reached the node that the pod was not seen to send, while it was seen to answer before.
bool ResetOnTheWay(std::uint32_t seen) {
  return (seen & protocol::kSeenNodeRst) != 0 && (seen & protocol::kSeenPodSynAck) != 0 &&
         (seen & protocol::kSeenPodRst) == 0;
}

bool Closed(const JudgedAttempt& attempt) {
  return attempt.stage == Stage::kResetLater && attempt.attempt->connect_us &&
         !attempt.attempt->first_byte_us && !ResetOnTheWay(attempt.attempt->seen) &&
         EndingIn(attempt.attempt->output) == Ending::kReset;
}

struct Closings {
  int closed = 0;
  int reset = 0;  ///< With a reset that was seen leaving the pod.
  int attempts = 0;
  bool answered = false;
  std::set<std::string> words;
};

Closings ClosingsOf(const ProbeCase& probe) {
  Closings closings;
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& attempt : check->attempts) {
      ++closings.attempts;
      closings.answered = closings.answered || attempt.attempt->first_byte_us.has_value();
      if (attempt.failed && Closed(attempt)) {
        ++closings.closed;
        closings.reset += (attempt.attempt->seen & protocol::kSeenPodRst) != 0 ? 1 : 0;
        closings.words.insert(attempt.attempt->output);
      }
    }
  }
  return closings;
}

}  // namespace

std::vector<Finding> ClosedWithoutAnswer(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ProbeCase& probe : digest.probes) {
    const Closings closings = ClosingsOf(probe);
    // Where some are answered, load or a restart of a worker may be the reason.
    if (!probe.unusable.empty() || closings.closed == 0 || closings.answered) {
      continue;
    }
    Finding finding;
    finding.code = "NC-APP-002";
    finding.certainty = Certainty::kLikely;
    finding.subject = probe.subject;
    finding.title = fmt::format("Port {} accepts connections and closes them without an answer",
                                probe.probe->port);
    finding.evidence.push_back(
        fmt::format("{} of {} were connected, and closed before a byte of an answer came.",
                    closings.closed,
                    Count(closings.attempts, "request")));
    if (closings.reset > 0) {
      finding.evidence.push_back(
          fmt::format("{} of them by a reset that was seen leaving the pod's network namespace.",
                      closings.reset));
    }
    finding.evidence.push_back(fmt::format("kubelet's words for it: {}", *closings.words.begin()));
    finding.fix.push_back(fmt::format(
        "See what the log of container {} says of such a connection: it may expect another "
        "protocol (TLS, the PROXY protocol), a client certificate, another Host, or be at a limit "
        "of connections.",
        probe.probe->container));
    finding.fix.emplace_back(
        "If a sidecar takes the pod's connections (a redirect in its network namespace), see the "
        "sidecar's log instead, and exempt the probe's port from the redirect.");
    finding.claims = ClaimChecks(probe, Closed);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace netcheck::diagnosis
