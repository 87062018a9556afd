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
  return packet.kind == (ipv6 ? "ICMP 1/3" : "ICMP 3/1");
}

/// What the node's kernel tells itself when nobody answered.
bool ToldByTheNode(const protocol::HandshakeDetail& detail,
                   const protocol::Packet& packet,
                   bool ipv6) {
  return detail.result == EHOSTUNREACH && packet.where == protocol::Where::kNode &&
         packet.source == detail.source_address && IsHostUnreachable(packet, ipv6);
}

bool Silent(std::uint32_t seen) {
  return (seen & ~static_cast<std::uint32_t>(protocol::kSeenNodeIcmp)) == 0;
}

/// As a connection ends that waits for the neighbour's answer.
bool EndedUnresolved(int result, std::uint32_t seen) {
  return Silent(seen) &&
         (result == protocol::kResultDeadline || result == ETIMEDOUT || result == EHOSTUNREACH);
}

struct Unreachable {
  int failed = 0;
  int told = 0;  ///< By the node's own ICMP error.
  std::int64_t longest_us = 0;
  const protocol::Neighbour* unresolved = nullptr;
  [[nodiscard]] bool proven() const {
    return longest_us >= kShortestUs && (told > 0 || unresolved != nullptr);
  }
};

/// The entry of that address, if the node asks for it still, or gave up since `since_us`: one that
/// failed earlier may be there because nobody sends to it any more.
const protocol::Neighbour* FindUnresolved(const Digest& digest,
                                          const std::string& address,
                                          std::int64_t since_us) {
  const protocol::Neighbour* unresolved = nullptr;
  for (const protocol::Neighbours& part : digest.report().neighbours) {
    for (const protocol::Neighbour& entry : part.neighbours) {
      if (part.moment != protocol::Moment::kAfter || entry.address != address) {
        continue;
      }
      const bool failed = entry.state == "FAILED";
      if (entry.state == "INCOMPLETE" ||
          (failed && part.at_us - entry.state_age_ms * 1000 >= since_us)) {
        unresolved = &entry;
      } else if (!failed && entry.state != "NONE") {
        return nullptr;  // Another device has its link-layer address.
      }
    }
  }
  return unresolved;
}

/// Whether every attempt of that batch ended as it must; `found` learns of them.
bool Examine(const Digest& digest, const Batch& batch, Unreachable& found) {
  if (batch.end == nullptr || !batch.end->node_tap.open || batch.end->node_tap.dropped != 0) {
    return false;
  }
  for (const HandshakeAttempt& attempt : batch.attempts) {
    const protocol::Handshake& handshake = attempt.handshake;
    if (handshake.result == protocol::kResultNotTried) {
      continue;
    }
    if (!EndedUnresolved(handshake.result, handshake.seen)) {
      return false;
    }
    ++found.failed;
    found.longest_us = std::max(found.longest_us, handshake.duration_us);
  }
  const bool ipv6 = IsIpv6(batch.plan->address);
  for (const protocol::HandshakeDetail& detail : digest.report().handshake_details) {
    if (detail.batch != batch.plan->id) {
      continue;
    }
    const bool other_icmp = std::any_of(
        detail.packets.begin(), detail.packets.end(), [&](const protocol::Packet& packet) {
          return packet.kind.starts_with("ICMP") && !IsHostUnreachable(packet, ipv6);
        });
    if (other_icmp) {
      return false;
    }
    const bool told = std::any_of(
        detail.packets.begin(), detail.packets.end(), [&](const protocol::Packet& packet) {
          return ToldByTheNode(detail, packet, ipv6);
        });
    found.told += told ? 1 : 0;
  }
  return true;
}

bool Examine(const CheckCase& check, Unreachable& found) {
  for (const JudgedAttempt& judged : check.attempts) {
    const protocol::CheckAttempt& attempt = *judged.attempt;
    if (attempt.connect_us || !Silent(attempt.seen)) {
      return false;
    }
    if (EndedUnresolved(attempt.connect_result, attempt.seen)) {
      found.longest_us = std::max(found.longest_us, attempt.total_us);
    }
  }
  return true;
}

/// Everything that was tried with that address, whichever probe it was for: one packet that left
/// was sent somewhere.
Unreachable Examine(const Digest& digest, const std::string& address) {
  Unreachable found;
  std::int64_t since_us = std::numeric_limits<std::int64_t>::max();
  for (const auto& [id, batch] : digest.batches) {
    if (batch.plan->address == address) {
      if (!Examine(digest, batch, found)) {
        return {};
      }
      since_us = std::min(since_us, batch.end->start_us);
    }
  }
  for (const auto& [id, check] : digest.checks) {
    if (check.plan->address == address && !Examine(check, found)) {
      return {};
    }
  }
  found.unresolved = FindUnresolved(digest, address, since_us);
  return found;
}

/// What the connections and the neighbour table showed of it.
std::vector<std::string> Tell(const Digest& digest,
                              const ProbeCase& probe,
                              const Unreachable& unreachable) {
  const std::string& address = probe.probe->address;
  const std::string& node = digest.evidence->node.name;
  const char* requests = IsIpv6(address) ? "neighbour solicitation" : "ARP request";
  std::vector<std::string> evidence = {fmt::format(
      "{} from node {} to {} failed, after up to {}. No SYN of them was seen on a device "
      "of the node.",
      Count(unreachable.failed, "connection"),
      node,
      HostPort(address, probe.probe->port),
      Duration(unreachable.longest_us))};
  if (const protocol::Neighbour* entry = unreachable.unresolved) {
    evidence.push_back(
        fmt::format("The node's neighbour entry for {} on device {} was {} after the last of them: "
                    "no {} had been answered.",
                    address,
                    entry->device,
                    entry->state,
                    requests));
  }
  if (unreachable.told > 0) {
    evidence.push_back(fmt::format(
        "{} ended with EHOSTUNREACH, by an ICMP error that the node's kernel sent to itself. It "
        "does that when its last {} was not answered; a filter that rejects does so at once.",
        Count(unreachable.told, "connection"),
        requests));
  }
  return evidence;
}

Finding Explain(const Digest& digest, const ProbeCase& probe, const Unreachable& unreachable) {
  const std::string& address = probe.probe->address;
  Finding finding;
  finding.code = "NC-NEIGH-002";
  finding.certainty = Certainty::kProven;
  finding.subject = probe.subject;
  finding.title =
      fmt::format("The node gets no answer when it asks for the link-layer address of {}", address);
  finding.evidence = Tell(digest, probe, unreachable);
  finding.fix.push_back(
      fmt::format("On node {}: ip neigh show {} (FAILED or INCOMPLETE), and look at the pod's "
                  "interface: it may be down, on another bridge or VLAN, or without the address; "
                  "filters of the pod, the bridge or "
                  "the node (arptables; ip6tables in INPUT) may drop ARP or neighbour discovery.",
                  digest.evidence->node.name,
                  address));
  finding.claims = ClaimHandshakes(probe, [](const HandshakeAttempt& attempt) {
    return EndedUnresolved(attempt.handshake.result, attempt.handshake.seen);
  });
  const auto checks = ClaimChecks(probe, [](const JudgedAttempt& attempt) {
    return EndedUnresolved(attempt.attempt->connect_result, attempt.attempt->seen);
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
    const Unreachable unreachable = Examine(digest, probe.probe->address);
    if (unreachable.proven()) {
      findings.push_back(Explain(digest, probe, unreachable));
    }
  }
  return findings;
}

}  // namespace netcheck::diagnosis
