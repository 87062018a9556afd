// Nobody answers the node's ARP requests or neighbour solicitations for the pod's address. After
// the last one the node's kernel tells itself that the host is unreachable (arp_error_report,
// net/ipv4/arp.c; ndisc_error_report, net/ipv6/ndisc.c), and connect() fails with EHOSTUNREACH.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "diagnosis/rule.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

/// Three requests, a second apart (mcast_solicit, retrans_time_ms); others that ask at the same
/// time may have begun earlier. A filter's reject comes at once.
constexpr std::int64_t kShortestUs = 1'000'000;

bool IsHostUnreachable(const protocol::Packet& packet, bool ipv6) {
  return packet.where == protocol::Where::kNode && packet.kind == (ipv6 ? "ICMP 1/3" : "ICMP 3/1");
}

/// The node's own ICMP error, and no SYN on any device.
bool ToldByTheNode(const protocol::HandshakeDetail& detail, bool ipv6) {
  const auto from_itself = [&](const protocol::Packet& packet) {
    return IsHostUnreachable(packet, ipv6) && packet.source == detail.source_address;
  };
  const auto syn = [](const protocol::Packet& packet) { return packet.kind == "SYN"; };
  return detail.result == EHOSTUNREACH &&
         std::any_of(detail.packets.begin(), detail.packets.end(), from_itself) &&
         std::none_of(detail.packets.begin(), detail.packets.end(), syn);
}

bool Silent(std::uint32_t seen) {
  return (seen & ~static_cast<std::uint32_t>(protocol::kSeenNodeIcmp)) == 0;
}

struct Unreachable {
  int told = 0;
  std::int64_t longest_us = 0;
};

Unreachable Examine(const Digest& digest, const ProbeCase& probe) {
  const bool ipv6 = IsIpv6(probe.probe->address);
  Unreachable found;
  for (const Batch* batch : probe.batches) {
    for (const protocol::HandshakeDetail& detail : digest.report().handshake_details) {
      if (detail.batch != batch->plan->id || !ToldByTheNode(detail, ipv6)) {
        continue;
      }
      ++found.told;
      const auto index = static_cast<std::size_t>(detail.index);
      if (index < batch->attempts.size()) {
        found.longest_us = std::max(found.longest_us, batch->attempts[index].handshake.duration_us);
      }
    }
  }
  // Every handshake has to have ended without a packet: one that did not was sent somewhere.
  for (const Batch* batch : probe.batches) {
    if (batch->end == nullptr || !batch->end->node_tap.open || batch->end->node_tap.dropped != 0) {
      return {};
    }
    for (const HandshakeAttempt& attempt : batch->attempts) {
      if (!Silent(attempt.handshake.seen) || attempt.handshake.result == 0) {
        return {};
      }
    }
  }
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& attempt : check->attempts) {
      const bool told = attempt.attempt->connect_result == EHOSTUNREACH &&
                        (attempt.attempt->seen & protocol::kSeenNodeIcmp) != 0;
      found.longest_us = std::max(found.longest_us, told ? attempt.attempt->total_us : 0);
    }
  }
  return found;
}

Finding Explain(const Digest& digest, const ProbeCase& probe, const Unreachable& unreachable) {
  const std::string& address = probe.probe->address;
  Finding finding;
  finding.code = "NC-NEIGH-002";
  finding.certainty = Certainty::kProven;
  finding.subject = probe.subject;
  finding.title = fmt::format("Nobody on the node's network answers for {}", address);
  finding.evidence.push_back(fmt::format(
      "{} from node {} to {} ended with EHOSTUNREACH, up to {} after connect(), by an ICMP error "
      "that the node's kernel sent to itself; no SYN left the node. It does that when its {} for "
      "the address were not answered. A filter that rejects does so at once.",
      Count(unreachable.told, "connection"),
      digest.evidence->node.name,
      HostPort(address, probe.probe->port),
      Duration(unreachable.longest_us),
      IsIpv6(address) ? "neighbour solicitations" : "ARP requests"));
  finding.fix.push_back(
      fmt::format("On node {}: ip neigh show {} (FAILED or INCOMPLETE), and look at the pod's "
                  "interface: it may be down, on another bridge or VLAN, or without the address; "
                  "filters may drop ARP or neighbour discovery.",
                  digest.evidence->node.name,
                  address));
  finding.claims =
      ClaimHandshakes(probe, [](const HandshakeAttempt& a) { return Silent(a.handshake.seen); });
  const auto checks = ClaimChecks(probe, [](const JudgedAttempt& attempt) {
    return !attempt.attempt->connect_us && Silent(attempt.attempt->seen);
  });
  finding.claims.insert(finding.claims.end(), checks.begin(), checks.end());
  return finding;
}

}  // namespace

std::vector<Finding> UnresolvedNeighbour(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ProbeCase& probe : digest.probes) {
    if (!probe.unusable.empty() || digest.evidence->pod.host_network) {
      continue;
    }
    const Unreachable unreachable = Examine(digest, probe);
    if (unreachable.told > 0 && unreachable.longest_us >= kShortestUs) {
      findings.push_back(Explain(digest, probe, unreachable));
    }
  }
  return findings;
}

}  // namespace netcheck::diagnosis
