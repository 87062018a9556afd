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

using protocol::ServerSocket;

/// The words for a wait that ended without an answer, or with a part of one.
bool SaysTimeout(const protocol::CheckAttempt& attempt) {
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

/// It has sent, or wants to send, a FIN behind what it wrote; that it wrote means that it had been
/// accepted.
bool IsClosing(const ServerSocket& socket) {
  return socket.tcp_state == "FIN_WAIT1" || socket.tcp_state == "CLOSING" ||
         socket.tcp_state == "LAST_ACK";
}

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

/// What all attempts of a probe have in common where none was answered.
struct Silence {
  Progress progress = Progress::kUnknown;   ///< Of those that were not cut off.
  std::vector<const JudgedAttempt*> whole;  ///< These.
  bool begun = false;                       ///< One at least got the beginning of an answer.
  std::int64_t longest_us = 0;              ///< Waited for an answer, the handshake not counted.
};

/// nullopt: something else happened, too, or how far they came is not known or not the same.
std::optional<Silence> SilenceOf(const ProbeCase& probe) {
  constexpr std::int64_t kMicrosPerMilli = 1000;
  Silence silence;
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& judged : check->attempts) {
      if (!WaitedInVain(judged)) {
        return std::nullopt;
      }
      silence.begun = silence.begun || judged.attempt->first_byte_us;
      if (judged.cut_off) {
        continue;
      }
      const Progress progress = ProgressOf(judged);
      const std::int64_t waited_us = judged.attempt->total_us - *judged.attempt->connect_us;
      if (progress == Progress::kUnknown ||
          (!silence.whole.empty() && progress != silence.progress) ||
          waited_us < 2 * check->plan->timeout_ms * kMicrosPerMilli) {
        return std::nullopt;
      }
      silence.progress = progress;
      silence.whole.push_back(&judged);
      silence.longest_us = std::max(silence.longest_us, waited_us);
    }
  }
  return silence.whole.empty() ? std::nullopt : std::optional(silence);
}

const ServerSocket& SocketOf(const Silence& silence) {
  return *silence.whole.front()->attempt->server_socket;
}

/// "/healthz on port 8080", "port 8080"
std::string WhatWasAsked(const model::Probe& probe) {
  return probe.path.empty() ? fmt::format("port {}", probe.port)
                            : fmt::format("{} on port {}", probe.path, probe.port);
}

std::string TitleOf(const model::Probe& probe, const Silence& silence) {
  if (silence.progress == Progress::kNotRead) {
    return fmt::format("The application accepts connections to port {} and reads nothing from them",
                       probe.port);
  }
  return fmt::format("The application did not {} {} within {}",
                     silence.begun ? "finish its answer to a request of" : "answer a request of",
                     WhatWasAsked(probe),
                     Duration(silence.longest_us));
}

/// Advice on a port that may speak another protocol and wait for more.
std::string OtherProtocol(const model::Probe& probe, const Silence& silence) {
  return silence.whole.front()->attempt->phase == protocol::CheckPhase::kTls
             ? fmt::format("If port {} does not speak TLS, set scheme: HTTP.", probe.port)
             : fmt::format(
                   "If port {} speaks another protocol than the probe, it may wait for more: point "
                   "the probe at a port that serves the check, or use tcpSocket.",
                   probe.port);
}

void ExplainApplication(const ProbeCase& probe, const Silence& silence, Finding& finding) {
  const ServerSocket& socket = SocketOf(silence);
  finding.code = "NC-APP-003";
  finding.title = TitleOf(*probe.probe, silence);
  finding.evidence.push_back(fmt::format(
      "The pod's socket of such a connection at that time (sock_diag): accepted by the "
      "application; "
      "of the {} bytes that netcheck had sent {} were unread (Recv-Q); the application had written "
      "{} (tcpi_bytes_acked, and Send-Q 0).",
      socket.probe_sent,
      socket.unread,
      socket.probe_received == 0 ? "nothing" : fmt::format("{} bytes", socket.probe_received)));
  finding.evidence.emplace_back(
      "The network is not it: all that netcheck sent had arrived, and all that the application "
      "wrote had come.");
  finding.fix.push_back(fmt::format(
      "Find out what container {} waits for: its threads' stacks (jstack, py-spy, a Go goroutine "
      "dump), locks, a pool of workers that is used up, the databases and services that it asks.",
      probe.probe->container));
  finding.fix.emplace_back(
      "Serve health checks from a thread of their own, without waiting for other services.");
  if (!silence.begun) {
    finding.fix.push_back(OtherProtocol(*probe.probe, silence));
  }
}

/// A packet with so much data fits into the least MTU of IPv6, 1280 bytes, which all links have.
constexpr std::uint32_t kAlwaysFits = 1208;
/// What `ping -s` needs to make packets as large as those of segments with TCP's timestamps.
constexpr std::uint32_t kPingMore = 24;

void ExplainLoss(const ProbeCase& probe, const Silence& silence, Finding& finding) {
  const ServerSocket& socket = SocketOf(silence);
  finding.code = "NC-LOST-005";
  finding.title =
      fmt::format("What the application sends from port {} is lost on its way to the node's socket",
                  probe.probe->port);
  finding.evidence.push_back(fmt::format(
      "The pod's socket of such a connection at that time (sock_diag): the application had written "
      "{} bytes that were not acknowledged (Send-Q). Their first segment was sent again, or tried "
      "to be, {} times.",
      Pending(socket),
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
        largest + kPingMore,
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
    finding.evidence.push_back(
        fmt::format("{} connected and got {}; netcheck waited {}.",
                    Count(std::ssize(silence->whole), "request"),
                    silence->begun ? "no more than the beginning of an answer" : "no answer",
                    Duration(silence->longest_us)));
    if (silence->progress == Progress::kAnswerLost) {
      ExplainLoss(probe, *silence, finding);
    } else if (ThrottlingOf(digest, probe.probe->container).throttled == 0) {
      ExplainApplication(probe, *silence, finding);
    } else {
      continue;
    }
    finding.claims = ClaimChecks(probe, WaitedInVain);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace netcheck::diagnosis
