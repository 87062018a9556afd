// The application does not accept() connections as fast as they come: the listener's accept queue
// is full and the kernel drops SYNs (net/ipv4/tcp_input.c, tcp_conn_request: sk_acceptq_is_full,
// which counts ListenOverflows and ListenDrops).
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "diagnosis/listeners.h"
#include "diagnosis/rule.h"
#include "diagnosis/timeout_advice.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

using protocol::Listener;
using protocol::Moment;

/// The probe's listener if its queue is over its limit now (sk_acceptq_is_full compares with >).
std::optional<Listener> FullListener(const Digest& digest, const model::Probe& probe) {
  const auto listeners = ListenersOf(digest, probe.address, probe.port, Moment::kAfter);
  const auto& unavailable = digest.report().unavailable;
  const bool limits_unknown =
      std::any_of(unavailable.begin(), unavailable.end(), [](const protocol::Unavailable& fact) {
        return fact.what == "listeners.backlog";
      });
  if (!listeners || limits_unknown) {
    return std::nullopt;
  }
  const auto it = std::find_if(
      listeners->begin(), listeners->end(), [](const Listener& l) { return l.queue > l.backlog; });
  return it == listeners->end() ? std::nullopt : std::optional<Listener>(*it);
}

/// What the listener dropped, or on kernels that do not count for each socket all listeners of the
/// namespace, and the name of that count.
struct Drops {
  std::optional<std::int64_t> count;
  std::string name;
};

Drops DropsFor(const Digest& digest, const model::Probe& probe) {
  if (const auto own = ListenerDrops(digest, probe.address, probe.port)) {
    return {own, "The number of connections that this socket dropped (sk_drops)"};
  }
  return {CounterRise(digest, digest.target_namespace(), "TcpExt.ListenOverflows"),
          "TcpExt.ListenOverflows of the pod's namespace"};
}

Finding Explain(const ProbeCase& probe,
                const Listener& listener,
                const Drops& drops,
                std::vector<AttemptRef> claims) {
  Finding finding;
  finding.code = "NC-QUEUE-001";
  finding.certainty = Certainty::kProven;
  finding.subject = probe.subject;
  finding.title = fmt::format(
      "The accept queue of port {} is full: the application does not accept connections",
      listener.port);
  finding.evidence.push_back(
      fmt::format("{} reached the pod's network namespace and got no SYN-ACK.",
                  Count(std::ssize(claims), "SYN")));
  finding.evidence.push_back(
      fmt::format("The listener {} holds {} that the application has not accepted; its backlog is "
                  "{} (sock_diag).",
                  HostPort(listener.address, listener.port),
                  Count(listener.queue, "connection"),
                  listener.backlog));
  finding.evidence.push_back(fmt::format("{} rose by {} meanwhile.", drops.name, *drops.count));
  finding.fix.emplace_back(
      "Find out why the application does not call accept(): a blocked event loop, a full "
      "worker pool, a deadlock, no free file descriptor.");
  finding.fix.emplace_back(
      "If it is only too slow in bursts: a larger listen() backlog, and "
      "net.core.somaxconn of the pod at least as large.");
  finding.claims = std::move(claims);
  return finding;
}

}  // namespace

std::vector<Finding> AcceptQueueFull(const Digest& digest) {
  std::vector<Finding> findings;
  const auto overflows = CounterRise(digest, digest.target_namespace(), "TcpExt.ListenOverflows");
  if (!overflows || *overflows == 0) {
    return findings;
  }
  for (const ProbeCase& probe : digest.probes) {
    if (!probe.unusable.empty()) {
      continue;
    }
    const auto listener = FullListener(digest, *probe.probe);
    auto claims = ClaimHandshakes(
        probe, [](const HandshakeAttempt& attempt) { return attempt.stage == Stage::kNoSynAck; });
    const Drops drops = DropsFor(digest, *probe.probe);
    if (!listener || claims.empty() || !drops.count || *drops.count < std::ssize(claims)) {
      continue;
    }
    // What the queue still took waits there as well.
    const auto checks = ClaimChecks(probe, [](const JudgedAttempt& attempt) {
      return attempt.stage == Stage::kNoSynAck || (Unanswered(attempt) && !WasAccepted(attempt));
    });
    Finding finding = Explain(probe, *listener, drops, std::move(claims));
    finding.claims.insert(finding.claims.end(), checks.begin(), checks.end());
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace netcheck::diagnosis
