// Requests connect and are never answered. The target's socket of such a connection tells how far
// it came (net/ipv4/inet_diag.c): the application accepted it and has not read what was sent, or
// has read it and written nothing more than what came, or wrote what the node does not acknowledge.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "diagnosis/kubelet_words.h"
#include "diagnosis/rule.h"
#include "diagnosis/timeout_advice.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

using protocol::CheckAttempt;
using protocol::CheckPhase;
using protocol::ServerSocket;

constexpr std::int64_t kMicrosPerMilli = 1000;

/// The words for a wait that ended without an answer, or with a part of one.
bool SaysTimeout(const CheckAttempt& attempt) {
  const Ending ending = EndingIn(WordsOf(attempt));
  return ending == Ending::kTimeout || ending == Ending::kBodyTimeout ||
         ending == Ending::kCallTimeout || ending == Ending::kNoGrpc;
}

/// Connected, and the answer did not come, or not to its end, for as long as it was waited for.
bool WaitedInVain(const JudgedAttempt& judged) {
  return judged.failed && judged.stage == Stage::kSlow && judged.attempt->connect_us &&
         !judged.late && !judged.closed_late && SaysTimeout(*judged.attempt);
}

/// How far a request came that was not answered.
enum class Progress { kUnknown, kNotRead, kRead, kAnswerLost };

/// Bytes of the application's that are not acknowledged.
std::uint32_t Pending(const ServerSocket& socket) {
  const std::uint32_t fin = IsClosing(socket) ? 1 : 0;
  return socket.unacknowledged - std::min(socket.unacknowledged, fin);
}

/// A late acknowledgement lets the kernel send a segment again once or twice. One that was sent
/// again more often was lost each time.
constexpr std::uint32_t kSentInVain = 3;

Progress ProgressOf(const JudgedAttempt& judged) {
  const std::optional<ServerSocket>& socket = judged.attempt->server_socket;
  // Where the two ends count differently something came at the last moment, or they are not the
  // ends of one connection.
  if (!socket || socket->probe_unacknowledged > 0 || socket->bytes_received != socket->probe_sent ||
      socket->bytes_acknowledged != socket->probe_received) {
    return Progress::kUnknown;
  }
  const bool open = socket->tcp_state == "ESTABLISHED" && socket->accepted;
  if (Pending(*socket) > 0) {
    return (open || IsClosing(*socket)) && socket->retransmits >= kSentInVain
               ? Progress::kAnswerLost
               : Progress::kUnknown;
  }
  if (!open) {
    return Progress::kUnknown;
  }
  return socket->unread == socket->bytes_received ? Progress::kNotRead : Progress::kRead;
}

/// It was waited for much longer than kubelet waits, and the target had the request for longer.
bool WaitedEnough(const CheckAttempt& attempt, const protocol::Check& plan) {
  return attempt.total_us >= kMicrosPerMilli * 2 * plan.timeout_ms &&
         attempt.server_socket->quiet_ms > plan.timeout_ms;
}

/// What all attempts of a probe have in common where none was answered.
struct Silence {
  Progress progress = Progress::kUnknown;  ///< Of those that were not cut off.
  std::vector<const CheckAttempt*> whole;  ///< These.
  bool begun = false;                      ///< One at least got a status.
  std::int64_t longest_us = 0;             ///< Waited for an answer, the handshake not counted.
};

/// nullopt: something else happened, too, or how far they came is not known or not the same.
std::optional<Silence> SilenceOf(const ProbeCase& probe) {
  Silence silence;
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& judged : check->attempts) {
      if (!WaitedInVain(judged)) {
        return std::nullopt;
      }
      const CheckAttempt& attempt = *judged.attempt;
      silence.begun = silence.begun || attempt.http_status != 0;
      if (judged.cut_off) {
        continue;
      }
      const Progress progress = ProgressOf(judged);
      if (progress == Progress::kUnknown ||
          (!silence.whole.empty() && progress != silence.progress) ||
          !WaitedEnough(attempt, *check->plan)) {
        return std::nullopt;
      }
      silence.progress = progress;
      silence.whole.push_back(&attempt);
      silence.longest_us = std::max(silence.longest_us, attempt.total_us - *attempt.connect_us);
    }
  }
  return silence.whole.empty() ? std::nullopt : std::optional(silence);
}

const ServerSocket& SocketOf(const Silence& silence) {
  return *silence.whole.front()->server_socket;
}

/// What was to be answered: "a request of /healthz on port 8080".
std::string WhatWasAsked(const model::Probe& probe, const CheckAttempt& attempt) {
  if (attempt.phase == CheckPhase::kTls) {
    return fmt::format("the TLS handshake on port {}", probe.port);
  }
  if (probe.kind == model::ProbeKind::kGrpc) {
    return EndingIn(attempt.output) == Ending::kNoGrpc
               ? fmt::format("the beginning of HTTP/2 on port {}", probe.port)
               : fmt::format("a gRPC health check on port {}", probe.port);
  }
  return fmt::format("a request of {} on port {}", probe.path, probe.port);
}

std::string TitleOf(const model::Probe& probe, const Silence& silence) {
  const std::string asked = WhatWasAsked(probe, *silence.whole.front());
  const std::string waited = Duration(silence.longest_us);
  switch (silence.progress) {
    case Progress::kAnswerLost:
      return fmt::format("The answer to {} is lost on its way to the node's socket", asked);
    case Progress::kNotRead:
      return fmt::format(
          "The application accepted a connection to port {} and had read nothing from it after {}",
          probe.port,
          waited);
    default:
      return fmt::format("The application did not {} {} within {}",
                         silence.begun ? "finish its answer to" : "answer",
                         asked,
                         waited);
  }
}

/// Something was answered on that port, if late: it speaks the protocol of its probes.
bool AnythingAnswered(const Digest& digest, const model::Probe& probe) {
  for (const auto& [id, check] : digest.checks) {
    if (check.plan->address != probe.address || check.plan->port != probe.port) {
      continue;
    }
    for (const JudgedAttempt& judged : check.attempts) {
      if (judged.attempt->http_status != 0 || judged.attempt->tls_us) {
        return true;
      }
    }
  }
  return false;
}

/// Advice on a port that may speak another protocol and wait for more; "": it does not.
std::string OtherProtocol(const Digest& digest, const model::Probe& probe, const Silence& silence) {
  const CheckAttempt& attempt = *silence.whole.front();
  const bool tls = attempt.phase == CheckPhase::kTls;
  if (EndingIn(attempt.output) == Ending::kCallTimeout ||
      (tls && SocketOf(silence).probe_received > 0) || AnythingAnswered(digest, probe)) {
    return "";
  }
  return tls ? fmt::format("If port {} does not speak TLS, set scheme: HTTP.", probe.port)
             : fmt::format(
                   "If port {} speaks another protocol than the probe, it may wait for more: point "
                   "the probe at a port that serves the check, or use tcpSocket.",
                   probe.port);
}

/// A limit held up some container of the pod: which of them listens there is not known.
bool AnyThrottled(const Digest& digest) {
  const auto& facts = digest.report().cpu_throttling;
  return std::any_of(facts.begin(), facts.end(), [&](const protocol::CpuThrottling& fact) {
    return fact.subject != "probe" && ThrottlingOf(digest, fact.subject).throttled > 0;
  });
}

void ExplainApplication(const Digest& digest,
                        const model::Probe& probe,
                        const Silence& silence,
                        Finding& finding) {
  const ServerSocket& socket = SocketOf(silence);
  finding.code = "NC-APP-003";
  finding.evidence.push_back(fmt::format(
      "The pod's socket of such a connection at that time (sock_diag): accepted; of the {} bytes "
      "that netcheck had sent, the last of them {} before, {} were unread (Recv-Q); the "
      "application "
      "had written {} (tcpi_bytes_acked, and Send-Q 0).",
      socket.probe_sent,
      Duration(socket.quiet_ms * kMicrosPerMilli),
      socket.unread,
      socket.probe_received == 0 ? "nothing" : Count(socket.probe_received, "byte")));
  finding.evidence.emplace_back(
      "The network is not it: all that netcheck sent had arrived, and all that the application "
      "wrote had come.");
  finding.fix.push_back(fmt::format(
      "Find out what container {}, or whoever else listens on port {} there, waits for: the stacks "
      "of its threads (jstack, py-spy, a Go goroutine dump), locks, a pool of workers that is used "
      "up, the databases and services that it asks.",
      probe.container,
      probe.port));
  finding.fix.emplace_back(
      "Serve health checks from a thread of their own, without waiting for other services.");
  if (std::string advice = OtherProtocol(digest, probe, silence); !advice.empty()) {
    finding.fix.push_back(std::move(advice));
  }
  if (!probe.withheld_headers.empty()) {
    finding.certainty = Certainty::kLikely;
    finding.evidence.push_back(NotSent(probe.withheld_headers));
  }
}

/// A packet with so much data fits into the least MTU of IPv6, 1280 bytes, which all links have.
constexpr std::uint32_t kAlwaysFits = 1208;

/// What `ping -s` needs to make packets as large as segments with so much data: TCP's header is 12
/// bytes longer than that of ICMP, and 12 more with timestamps.
std::uint32_t PingSize(std::uint32_t segment, bool timestamps) {
  constexpr std::uint32_t kMore = 12;
  return segment + (timestamps ? 2 : 1) * kMore;
}

void ExplainLoss(const Silence& silence, Finding& finding) {
  const ServerSocket& socket = SocketOf(silence);
  finding.code = "NC-LOST-005";
  finding.evidence.push_back(fmt::format(
      "The pod's socket of such a connection at that time (sock_diag): the application had written "
      "{} that were not acknowledged (Send-Q). Their first segment was sent again, or tried to be, "
      "{} times.",
      Count(Pending(socket), "byte"),
      socket.retransmits));
  finding.evidence.push_back(fmt::format(
      "Packets without data passed both ways on the same connection: the handshake, and "
      "the acknowledgement of all {} bytes that netcheck sent (SIOCOUTQ 0 on the node).",
      socket.probe_sent));
  const std::uint32_t largest = std::min(socket.segment_size, Pending(socket));
  if (largest > kAlwaysFits) {
    finding.fix.push_back(fmt::format(
        "If only large packets are lost, an MTU is wrong: `ping -M do -s {}` from the pod to the "
        "node makes packets as large as these (up to {} bytes of data). Compare `ip link` of the "
        "pod, of what joins it to the node, and of tunnels between; lower the CNI plugin's MTU to "
        "what passes.",
        PingSize(largest, socket.timestamps),
        largest));
  }
  finding.fix.emplace_back(
      "Look for what drops segments with data from the pod: packet filters' counters on the node "
      "and in the pod (nft list ruleset, iptables -vnL), rules on conntrack state INVALID, tc "
      "filters.");
}

}  // namespace

std::vector<Finding> RequestUnanswered(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ProbeCase& probe : digest.probes) {
    const auto silence = SilenceOf(probe);
    if (!probe.unusable.empty() || !silence) {
      continue;
    }
    Finding finding;
    finding.certainty = Certainty::kProven;
    finding.subject = probe.subject;
    finding.title = TitleOf(*probe.probe, *silence);
    finding.evidence.push_back(
        fmt::format("{} connected and got {}; netcheck waited {}.",
                    Count(std::ssize(silence->whole), "request"),
                    SocketOf(*silence).probe_received > 0 ? "no complete answer" : "no answer",
                    Duration(silence->longest_us)));
    if (silence->progress == Progress::kAnswerLost) {
      ExplainLoss(*silence, finding);
    } else if (!AnyThrottled(digest)) {
      ExplainApplication(digest, *probe.probe, *silence, finding);
    } else {
      continue;
    }
    finding.claims = ClaimChecks(probe, WaitedInVain);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace netcheck::diagnosis
