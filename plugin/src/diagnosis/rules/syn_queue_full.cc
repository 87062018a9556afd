// As many connections are half open as the listener's backlog allows, and SYN cookies are off: the
// kernel drops further SYNs (net/ipv4/tcp_input.c, tcp_conn_request: inet_csk_reqsk_queue_is_full,
// then tcp_syn_flood_action, which counts TCPReqQFullDrop; the drop itself counts ListenDrops).
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "diagnosis/listeners.h"
#include "diagnosis/rule.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

using protocol::Listener;
using protocol::Moment;

/// The probe's listener, unless its accept queue is full, which drops SYNs as well.
std::optional<Listener> AcceptingListener(const Digest& digest, const model::Probe& probe) {
  const auto listeners = ListenersOf(digest, probe.address, probe.port, Moment::kAfter);
  if (!listeners) {
    return std::nullopt;
  }
  const auto it =
      std::ranges::find_if(*listeners, [](const Listener& l) { return l.queue <= l.backlog; });
  return it == listeners->end() ? std::nullopt : std::optional<Listener>(*it);
}

/// What other listeners dropped whose accept queue is full now: at most so many overflows are
/// theirs. 0 where the kernel does not count for each socket.
std::int64_t DropsOfFullOnes(const Digest& digest, const model::Probe& probe) {
  const auto listeners =
      protocol::FindListeners(digest.report(), digest.target_namespace(), Moment::kAfter);
  std::int64_t sum = 0;
  for (const Listener& listener : listeners.value_or(std::vector<Listener>())) {
    if (!protocol::Accepts(listener, probe.address, probe.port) &&
        listener.queue > listener.backlog) {
      sum += ListenerDrops(digest, listener.address, listener.port).value_or(0);
    }
  }
  return sum;
}

/// SYNs that full SYN queues dropped, of all listeners of the namespace, and what is known of
/// whose.
struct Drops {
  std::int64_t queue_full = 0;      ///< TCPReqQFullDrop
  std::optional<std::int64_t> own;  ///< What the probe's listener dropped, whatever the reason.
  bool only_own = false;            ///< Others' drops can't account for so many as were lost.
};

std::optional<Drops> DropsFor(const Digest& digest, const model::Probe& probe, std::int64_t lost) {
  const auto rise = [&](const char* name) {
    return CounterRise(digest, digest.target_namespace(), name);
  };
  const auto queue_full = rise("TcpExt.TCPReqQFullDrop");
  const auto all = rise("TcpExt.ListenDrops");
  const auto overflows = rise("TcpExt.ListenOverflows");
  if (!queue_full || !all || !overflows) {
    return std::nullopt;
  }
  Drops drops{*queue_full, ListenerDrops(digest, probe.address, probe.port)};
  const std::int64_t others_unexplained =
      std::max<std::int64_t>(0, *all - drops.own.value_or(0) - *overflows);
  drops.only_own = drops.own && *overflows <= DropsOfFullOnes(digest, probe) &&
                   *queue_full - others_unexplained >= lost;
  return drops;
}

Finding Explain(const Digest& digest,
                const ProbeCase& probe,
                const Listener& listener,
                const Drops& drops,
                std::vector<AttemptRef> claims) {
  const std::int64_t lost = std::ssize(claims);
  Finding finding;
  finding.code = "NC-QUEUE-002";
  finding.certainty = drops.only_own ? Certainty::kProven : Certainty::kLikely;
  finding.subject = probe.subject;
  finding.title = fmt::format(
      "The SYN queue of port {} is full of half-open connections, and SYN cookies are off",
      listener.port);
  finding.evidence.push_back(fmt::format(
      "{} reached the pod's network namespace and got no SYN-ACK.", Count(lost, "SYN")));
  finding.evidence.push_back(fmt::format(
      "TcpExt.TCPReqQFullDrop of the pod's namespace rose by {} meanwhile.", drops.queue_full));
  if (drops.own) {
    finding.evidence.push_back(fmt::format(
        "The listener {} itself dropped {} (sk_drops); its accept queue is not full: {} of {} "
        "(sock_diag).",
        HostPort(listener.address, listener.port),
        *drops.own,
        listener.queue,
        listener.backlog));
  }
  const auto cookies = protocol::FindSysctl(
      digest.report(), digest.target_namespace(), Moment::kBefore, "net.ipv4.tcp_syncookies");
  if (cookies) {
    finding.evidence.push_back(fmt::format("net.ipv4.tcp_syncookies is {} in the pod.", *cookies));
  }
  finding.fix.emplace_back(
      "Switch SYN cookies on: spec.securityContext.sysctls of the pod, name "
      "net.ipv4.tcp_syncookies, value \"1\" (kubelet allows it as it is safe).");
  finding.fix.emplace_back(
      "Find out who opens connections and does not finish them: `ss -tn state syn-recv` in the "
      "pod's network namespace. It is a SYN flood, or the pod's SYN-ACKs to these peers get lost.");
  finding.fix.emplace_back(
      "If the peers are only far away and many: a larger listen() backlog, and net.core.somaxconn "
      "of the pod at least as large.");
  finding.claims = std::move(claims);
  return finding;
}

}  // namespace

std::vector<Finding> SynQueueFull(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ProbeCase& probe : digest.probes) {
    if (!probe.unusable.empty()) {
      continue;
    }
    auto claims = ClaimHandshakes(
        probe, [](const HandshakeAttempt& attempt) { return attempt.stage == Stage::kNoSynAck; });
    const auto checks = ClaimChecks(
        probe, [](const JudgedAttempt& attempt) { return attempt.stage == Stage::kNoSynAck; });
    claims.insert(claims.end(), checks.begin(), checks.end());
    const auto listener = AcceptingListener(digest, *probe.probe);
    const std::int64_t lost = std::ssize(claims);
    const auto drops = DropsFor(digest, *probe.probe, lost);
    if (claims.empty() || !listener || !drops || drops->queue_full < lost ||
        drops->own.value_or(lost) < lost) {
      continue;
    }
    findings.push_back(Explain(digest, probe, *listener, *drops, std::move(claims)));
  }
  return findings;
}

}  // namespace netcheck::diagnosis
