// A packet filter rejects the SYN: REJECT of iptables, reject of nftables.
//
// With an ICMP error (net/ipv4/netfilter/nf_reject_ipv4.c, nf_send_unreach): TCP itself answers a
// SYN to a closed port with a reset and never with "port unreachable", and no kernel says
// "administratively prohibited" but for a filter or a route of type prohibit (ip_error of
// net/ipv4/route.c, ip6_pkt_prohibit of net/ipv6/route.c).
//
// With a reset (nf_send_reset): it leaves the pod although a socket listens there, and is not one
// of TCP's own, which Tcp.OutRsts counts (tcp_v4_send_reset of net/ipv4/tcp_ipv4.c). A redirect in
// the pod to a closed port is a look-alike: that reset is TCP's.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "diagnosis/listeners.h"
#include "diagnosis/rule.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

using protocol::Moment;
using protocol::Where;

constexpr std::uint32_t kIcmp = protocol::kSeenNodeIcmp | protocol::kSeenPodIcmp;
constexpr std::uint32_t kResetByPod = protocol::kSeenPodSyn | protocol::kSeenPodRst;

/// What a filter's ICMP error says; "" for one that others send, too. `kind` is "ICMP TYPE/CODE",
/// RFC 792, 1812 and 4443.
std::string FiltersWords(const std::string& kind, bool ipv6) {
  if (ipv6) {
    return kind == "ICMP 1/1"   ? "administratively prohibited"
           : kind == "ICMP 1/4" ? "port unreachable"
           : kind == "ICMP 1/5" ? "source address failed policy"
                                : "";
  }
  return kind == "ICMP 3/3"                          ? "port unreachable"
         : kind == "ICMP 3/9" || kind == "ICMP 3/10" ? "host or network prohibited"
         : kind == "ICMP 3/13"                       ? "administratively prohibited"
                                                     : "";
}

/// The ICMP errors that ended handshakes of a probe.
struct Errors {
  std::set<std::string> said;     ///< "administratively prohibited (ICMP 3/13)"
  std::set<std::string> sources;  ///< Addresses that sent them.
  bool from_pod = false;          ///< Seen leaving the pod's network namespace.
  bool as_pod = false;            ///< With the pod's address as their source.
  bool from_node = false;         ///< The node's, to itself.
  bool others = false;            ///< Errors that no filter need have sent.
};

void Add(const protocol::HandshakeDetail& detail, const std::string& address, Errors& errors) {
  for (const protocol::Packet& packet : detail.packets) {
    if (packet.kind.rfind("ICMP ", 0) != 0) {
      continue;
    }
    const std::string words = FiltersWords(packet.kind, IsIpv6(address));
    if (words.empty()) {
      errors.others = true;
      continue;
    }
    errors.said.insert(fmt::format("{} ({})", words, packet.kind));
    errors.sources.insert(packet.source);
    errors.as_pod = errors.as_pod || packet.source == address;
    errors.from_pod = errors.from_pod || (packet.where == Where::kPod && packet.source == address);
    errors.from_node = errors.from_node || packet.source == detail.source_address;
  }
}

Errors ErrorsOf(const Digest& digest, const ProbeCase& probe) {
  Errors errors;
  for (const protocol::HandshakeDetail& detail : digest.report().handshake_details) {
    if (std::ranges::any_of(probe.batches,
                            [&](const Batch* batch) { return batch->plan->id == detail.batch; })) {
      Add(detail, probe.probe->address, errors);
    }
  }
  return errors;
}

/// Attempts that ended with a rejection and whose Seen bits `seen` accepts.
template <typename SeenPredicate>
std::vector<AttemptRef> Claim(const ProbeCase& probe, SeenPredicate seen) {
  auto claims = ClaimHandshakes(probe, [&](const HandshakeAttempt& attempt) {
    return attempt.stage == Stage::kRejected && seen(attempt.handshake.seen);
  });
  const auto checks = ClaimChecks(probe, [&](const JudgedAttempt& attempt) {
    return attempt.stage == Stage::kRejected && seen(attempt.attempt->seen);
  });
  claims.insert(claims.end(), checks.begin(), checks.end());
  return claims;
}

enum class Place { kPod, kPodOrBridge, kNode, kBetween };

Place PlaceOf(const Errors& errors) {
  return errors.from_pod    ? Place::kPod
         : errors.from_node ? Place::kNode
         : errors.as_pod    ? Place::kPodOrBridge
                            : Place::kBetween;
}

std::string Name(Place place, const std::string& sources) {
  switch (place) {
    case Place::kPod:
      return "in the pod's network namespace";
    case Place::kPodOrBridge:
      return "in the pod's network namespace, or in the bridge before it,";
    case Place::kNode:
      return "of the node";
    case Place::kBetween:
      break;
  }
  return "at " + sources;
}

Finding Begin(const Digest& digest, const ProbeCase& probe, Place place, const std::string& where) {
  Finding finding;
  finding.code = "NC-REJECT-001";
  finding.certainty = Certainty::kProven;
  finding.subject = probe.subject;
  finding.title = fmt::format("A packet filter {} rejects the connections", where);
  const std::string& node = digest.evidence->node.name;
  const int port = probe.probe->port;
  switch (place) {
    case Place::kPodOrBridge:
      finding.fix.push_back(
          fmt::format("On node {}: nft list ruleset shows rules of the families bridge and netdev, "
                      "which answer in the pod's name. Else look into the pod:",
                      node));
      [[fallthrough]];
    case Place::kPod:
      finding.fix.push_back(fmt::format(
          "In the pod's network namespace (nsenter on node {}): nft list ruleset and "
          "iptables-save show the rule. Sidecars, init containers and agents of network policies "
          "write such rules; let it accept port {} from the node.",
          node,
          port));
      break;
    case Place::kNode:
      finding.fix.push_back(
          fmt::format("On node {}: nft list ruleset and iptables-save show the rule (a firewall "
                      "such as firewalld or ufw, or a network policy's); let it accept {} from the "
                      "node itself.",
                      node,
                      HostPort(probe.probe->address, port)));
      break;
    case Place::kBetween:
      finding.fix.push_back(fmt::format(
          "Let whoever has that address accept connections from node {} to {}: a firewall between "
          "the two, or a security group.",
          node,
          HostPort(probe.probe->address, port)));
      break;
  }
  return finding;
}

std::optional<Finding> ByIcmp(const Digest& digest, const ProbeCase& probe) {
  const Errors errors = ErrorsOf(digest, probe);
  if (errors.said.empty() || errors.others) {
    return std::nullopt;
  }
  auto claims = Claim(probe, [](std::uint32_t seen) { return (seen & kIcmp) != 0; });
  if (claims.empty()) {
    return std::nullopt;
  }
  const Place place = PlaceOf(errors);
  const std::string sources = fmt::format("{}", fmt::join(errors.sources, ", "));
  Finding finding = Begin(digest, probe, place, Name(place, sources));
  finding.evidence.push_back(
      fmt::format("{} ended with an ICMP error of {}: {}. TCP answers with a reset where nobody "
                  "listens, never with such an error.",
                  Count(std::ssize(claims), "connection"),
                  sources,
                  fmt::join(errors.said, ", ")));
  const auto through_pod = Claim(probe, [](std::uint32_t seen) {
    constexpr std::uint32_t kThroughPod = protocol::kSeenPodSyn | protocol::kSeenPodIcmp;
    return (seen & kThroughPod) == kThroughPod;
  });
  if (through_pod.size() == claims.size()) {
    finding.evidence.emplace_back(
        "The SYNs were seen to reach the pod's network namespace, and the errors to leave it.");
  }
  finding.claims = std::move(claims);
  return finding;
}

/// Whether a socket listened there before and after.
bool Listens(const Digest& digest, const model::Probe& probe) {
  const auto at = [&](Moment moment) {
    const auto listeners = ListenersOf(digest, probe.address, probe.port, moment);
    return listeners && !listeners->empty();
  };
  return at(Moment::kBefore) && at(Moment::kAfter);
}

std::optional<Finding> ByReset(const Digest& digest, const ProbeCase& probe) {
  const bool ipv6 = IsIpv6(probe.probe->address);
  const Where where = digest.target_namespace();
  auto claims =
      Claim(probe, [](std::uint32_t seen) { return (seen & kResetByPod) == kResetByPod; });
  const auto own = CounterRise(digest, where, "Tcp.OutRsts");
  // Of a host behind the pod, to which its kernel sends the SYN on (containers in a container).
  const auto forwarded =
      CounterRise(digest, where, ipv6 ? "Ip6.OutForwDatagrams" : "Ip.ForwDatagrams");
  if (claims.empty() || !own || *own >= std::ssize(claims) || forwarded.value_or(1) != 0 ||
      !Listens(digest, *probe.probe)) {
    return std::nullopt;
  }
  Finding finding = Begin(digest, probe, Place::kPod, "in the pod's network namespace");
  // The pod has other connections, and some are reset by TCP as they should be.
  constexpr std::int64_t kUsual = 10;
  finding.certainty = kUsual * *own < std::ssize(claims) ? Certainty::kProven : Certainty::kLikely;
  finding.evidence.push_back(
      fmt::format("{} reached the pod's network namespace and were answered with a reset, though "
                  "port {} is in LISTEN.",
                  Count(std::ssize(claims), "SYN"),
                  probe.probe->port));
  finding.evidence.push_back(
      fmt::format("Tcp.OutRsts of that namespace, which counts TCP's own resets, rose by {} only, "
                  "and it forwarded no packet of another host.",
                  *own));
  finding.claims = std::move(claims);
  return finding;
}

}  // namespace

std::vector<Finding> RejectedByFilter(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ProbeCase& probe : digest.probes) {
    if (!probe.unusable.empty()) {
      continue;
    }
    for (auto* rule : {ByIcmp, ByReset}) {
      if (auto finding = rule(digest, probe)) {
        findings.push_back(*std::move(finding));
      }
    }
  }
  return findings;
}

}  // namespace netcheck::diagnosis
