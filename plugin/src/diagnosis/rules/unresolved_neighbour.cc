// Nobody answers the node's ARP requests or neighbour solicitations for the pod's address. After
// the last one the node's kernel tells itself that the host is unreachable (arp_error_report,
// net/ipv4/arp.c; ndisc_error_report, net/ipv6/ndisc.c), and connect() fails with EHOSTUNREACH: if
// the connection waits that long. The neighbour entry shows it in any case, where the pod is a
// neighbour of its node.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <limits>

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
  int silent = 0;
  int told = 0;
  std::int64_t longest_us = 0;
  const protocol::Neighbour* unresolved = nullptr;
  [[nodiscard]] bool proven() const {
    return silent > 0 && (unresolved != nullptr || (told > 0 && longest_us >= kShortestUs));
  }
};

/// The entry of that address, if resolving it failed or was going on since `since_us`. A failed one
/// of earlier may be there because nobody sends to it any more.
const protocol::Neighbour* FindUnresolved(const Digest& digest,
                                          const std::string& address,
                                          std::int64_t since_us) {
  const protocol::Neighbour* unresolved = nullptr;
  for (const protocol::Neighbours& part : digest.report().neighbours) {
    if (part.moment != protocol::Moment::kAfter) {
      continue;
    }
    for (const protocol::Neighbour& entry : part.neighbours) {
      if (entry.address != address) {
        continue;
      }
      const bool failed = entry.state == "FAILED" || entry.state == "INCOMPLETE";
      if (!failed && entry.state != "NONE") {
        return nullptr;  // Another device has its link-layer address.
      }
      if (failed && part.at_us - entry.state_age_ms * 1000 >= since_us) {
        unresolved = &entry;
      }
    }
  }
  return unresolved;
}

/// No handshake may have left anything on a device: one that did was sent somewhere.
bool AllAreSilent(const ProbeCase& probe) {
  return std::all_of(probe.batches.begin(), probe.batches.end(), [](const Batch* batch) {
    return batch->end != nullptr && batch->end->node_tap.open &&
           batch->end->node_tap.dropped == 0 &&
           std::all_of(
               batch->attempts.begin(), batch->attempts.end(), [](const HandshakeAttempt& attempt) {
                 return Silent(attempt.handshake.seen) && attempt.handshake.result != 0;
               });
  });
}

Unreachable Examine(const Digest& digest, const ProbeCase& probe) {
  if (!AllAreSilent(probe)) {
    return {};
  }
  const bool ipv6 = IsIpv6(probe.probe->address);
  Unreachable found;
  std::int64_t since_us = std::numeric_limits<std::int64_t>::max();
  for (const Batch* batch : probe.batches) {
    since_us = std::min(since_us, batch->end->start_us);
    found.silent += static_cast<int>(std::count_if(
        batch->attempts.begin(), batch->attempts.end(), [](const HandshakeAttempt& attempt) {
          return attempt.failed();
        }));
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
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& attempt : check->attempts) {
      const bool told = attempt.attempt->connect_result == EHOSTUNREACH &&
                        (attempt.attempt->seen & protocol::kSeenNodeIcmp) != 0;
      found.longest_us = std::max(found.longest_us, told ? attempt.attempt->total_us : 0);
    }
  }
  found.unresolved = FindUnresolved(digest, probe.probe->address, since_us);
  return found;
}

/// What the connections and the neighbour table showed of it.
std::vector<std::string> Tell(const Digest& digest,
                              const ProbeCase& probe,
                              const Unreachable& unreachable) {
  const std::string& address = probe.probe->address;
  const std::string& node = digest.evidence->node.name;
  std::vector<std::string> evidence = {
      fmt::format("{} from node {} to {} failed, and no SYN left the node on any device.",
                  Count(unreachable.silent, "connection"),
                  node,
                  HostPort(address, probe.probe->port))};
  if (const protocol::Neighbour* entry = unreachable.unresolved) {
    evidence.push_back(fmt::format(
        "The node's neighbour entry for {} on device {} was {} after the last of them, for {}: {}.",
        address,
        entry->device,
        entry->state,
        Duration(entry->state_age_ms * 1000),
        IsIpv6(address) ? "its neighbour solicitations were not answered"
                        : "its ARP requests were not answered"));
  }
  if (unreachable.told > 0 && unreachable.longest_us >= kShortestUs) {
    evidence.push_back(fmt::format(
        "{} ended with EHOSTUNREACH, up to {} after connect(), by an ICMP error that the node's "
        "kernel sent to itself. It does that when its last {} was not answered; a filter that "
        "rejects does so at once.",
        Count(unreachable.told, "connection"),
        Duration(unreachable.longest_us),
        IsIpv6(address) ? "neighbour solicitation" : "ARP request"));
  }
  return evidence;
}

Finding Explain(const Digest& digest, const ProbeCase& probe, const Unreachable& unreachable) {
  const std::string& address = probe.probe->address;
  Finding finding;
  finding.code = "NC-NEIGH-002";
  finding.certainty = Certainty::kProven;
  finding.subject = probe.subject;
  finding.title = fmt::format("Nobody on the node's network answers for {}", address);
  finding.evidence = Tell(digest, probe, unreachable);
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
    if (unreachable.proven()) {
      findings.push_back(Explain(digest, probe, unreachable));
    }
  }
  return findings;
}

}  // namespace netcheck::diagnosis
