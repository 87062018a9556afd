// Nothing in the pod accepts connections at the address and port that the probe uses: no socket is
// in LISTEN there, it is bound to loopback, or to another address or address family. The kernel
// then answers each SYN with RST (net/ipv4/tcp_ipv4.c, tcp_v4_rcv: no_tcp_socket).
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <set>
#include <string>

#include "diagnosis/rule.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

using protocol::Listener;
using protocol::Moment;

bool IsLoopback(const std::string& address) {
  return address.rfind("127.", 0) == 0 || address == "::1";
}

std::vector<Listener> OnPort(const std::vector<Listener>& listeners, int port) {
  std::vector<Listener> found;
  std::copy_if(
      listeners.begin(), listeners.end(), std::back_inserter(found), [port](const Listener& l) {
        return l.port == port;
      });
  return found;
}

std::string List(const std::vector<Listener>& listeners) {
  std::set<std::string> names;
  for (const Listener& listener : listeners) {
    names.insert(HostPort(listener.address, listener.port));
  }
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

bool Refused(const HandshakeAttempt& attempt) {
  return attempt.handshake.result == ECONNREFUSED;
}

/// What the wire said about the refused attempts.
struct Refusals {
  int attempts = 0;
  int resets = 0;  ///< RST left the pod (or, for a hostNetwork pod, reached the node's socket).
  int icmp = 0;    ///< Refused by an ICMP error: a filter, not a missing socket.
};

Refusals CountRefusals(const Digest& digest, const ProbeCase& probe) {
  const std::uint32_t reset =
      digest.evidence->pod.host_network ? protocol::kSeenNodeRst : protocol::kSeenPodRst;
  Refusals refusals;
  for (const Batch* batch : probe.batches) {
    for (const HandshakeAttempt& attempt : batch->attempts) {
      if (Refused(attempt)) {
        ++refusals.attempts;
        refusals.resets += (attempt.handshake.seen & reset) != 0 ? 1 : 0;
        refusals.icmp +=
            (attempt.handshake.seen & (protocol::kSeenNodeIcmp | protocol::kSeenPodIcmp)) != 0 ? 1
                                                                                               : 0;
      }
    }
  }
  return refusals;
}

struct Situation {
  const ProbeCase* probe;
  std::vector<Listener> all;
  std::vector<Listener> on_port;
  Refusals refusals;
};

void DescribeCause(const Situation& situation, Finding& finding) {
  const model::Probe& probe = *situation.probe->probe;
  const std::string wanted = HostPort(probe.address, probe.port);
  if (situation.on_port.empty()) {
    finding.code = "NC-LISTEN-001";
    finding.title = fmt::format("Nothing listens on port {} in the pod", probe.port);
    finding.fix.push_back(fmt::format(
        "Make container {} listen on port {}, or set the port of the probe to one that it "
        "listens on (now: {}).",
        probe.container,
        probe.port,
        List(situation.all)));
    finding.fix.emplace_back(
        "If the application only needs longer to start, give the container a startupProbe.");
    return;
  }
  const bool loopback = std::all_of(situation.on_port.begin(),
                                    situation.on_port.end(),
                                    [](const Listener& l) { return IsLoopback(l.address); });
  finding.fix.push_back(
      fmt::format("Make the application listen on {} (all addresses) instead of {}.",
                  IsIpv6(probe.address) ? "[::]" : "0.0.0.0",
                  List(situation.on_port)));
  if (loopback) {
    finding.code = "NC-LISTEN-002";
    finding.title =
        fmt::format("Port {} listens on loopback only, kubelet connects to {}", probe.port, wanted);
    finding.fix.emplace_back(
        "If it must stay on loopback, use an exec probe that connects from inside the container.");
  } else {
    finding.code = "NC-LISTEN-003";
    finding.title = fmt::format("Port {} listens on another address than {}", probe.port, wanted);
  }
}

/// nullopt unless the listeners explain the refusals, before and after.
std::optional<Situation> Examine(const Digest& digest, const ProbeCase& probe) {
  const auto before =
      protocol::FindListeners(digest.report(), digest.target_namespace(), Moment::kBefore);
  const auto after =
      protocol::FindListeners(digest.report(), digest.target_namespace(), Moment::kAfter);
  if (!before || !after) {
    return std::nullopt;
  }
  for (const auto* listeners : {&*before, &*after}) {
    for (const Listener& listener : *listeners) {
      if (protocol::Accepts(listener, probe.probe->address, probe.probe->port)) {
        return std::nullopt;
      }
    }
  }
  const Refusals refusals = CountRefusals(digest, probe);
  if (refusals.attempts == 0 || refusals.icmp > 0) {
    return std::nullopt;
  }
  return Situation{&probe, *after, OnPort(*after, probe.probe->port), refusals};
}

Finding Explain(const Digest& digest, const Situation& situation) {
  const ProbeCase& probe = *situation.probe;
  Finding finding;
  finding.subject = probe.subject;
  finding.certainty = situation.refusals.resets > 0 ? Certainty::kProven : Certainty::kLikely;
  DescribeCause(situation, finding);
  finding.evidence.push_back(fmt::format("{} from node {} to {} {} refused (ECONNREFUSED).",
                                         Count(situation.refusals.attempts, "connection"),
                                         digest.evidence->node.name,
                                         HostPort(probe.probe->address, probe.probe->port),
                                         situation.refusals.attempts == 1 ? "was" : "were"));
  if (situation.refusals.resets > 0) {
    finding.evidence.push_back(
        fmt::format("The reset was seen leaving the target's network namespace {}; no ICMP "
                    "error was, so no firewall rule rejected it.",
                    situation.refusals.resets == situation.refusals.attempts
                        ? "each time"
                        : Count(situation.refusals.resets, "time")));
  }
  finding.evidence.push_back(fmt::format(
      "Sockets in LISTEN on port {} there, before and after (sock_diag): {}. On all ports: {}.",
      probe.probe->port,
      List(situation.on_port),
      List(situation.all)));
  finding.claims = ClaimHandshakes(probe, Refused);
  const auto checks = ClaimChecks(probe, [](const JudgedAttempt& attempt) {
    return attempt.attempt->connect_result == ECONNREFUSED;
  });
  finding.claims.insert(finding.claims.end(), checks.begin(), checks.end());
  return finding;
}

}  // namespace

std::vector<Finding> Listening(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ProbeCase& probe : digest.probes) {
    // `host` may name another machine, whose sockets nobody listed.
    const auto& ips = digest.evidence->pod.ips;
    if (!probe.unusable.empty() ||
        std::find(ips.begin(), ips.end(), probe.probe->address) == ips.end()) {
      continue;
    }
    if (const auto situation = Examine(digest, probe)) {
      findings.push_back(Explain(digest, *situation));
    }
  }
  return findings;
}

}  // namespace netcheck::diagnosis
