// The pod's address is also one of the node's own: another network's bridge, a stale address, an
// overlap of networks. The kernel finds it in its local table, delivers to itself, and takes the
// same address as the source (ip_route_output_key_hash_rcu of net/ipv4/route.c, RTN_LOCAL;
// ip6_route_get_saddr of net/ipv6/route.c). Nothing reaches the pod.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "diagnosis/rule.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

/// Whether the kernel connected from the very address that it connected to, and no packet of it
/// was seen in the pod.
bool ToItself(const model::Probe& probe, const std::string& source, std::uint32_t seen) {
  return !source.empty() && source == probe.address && (seen & protocol::kSeenPodSyn) == 0;
}

int CountToItself(const ProbeCase& probe) {
  int count = 0;
  for (const Batch* batch : probe.batches) {
    for (const HandshakeAttempt& attempt : batch->attempts) {
      const protocol::Handshake& handshake = attempt.handshake;
      count += handshake.result != protocol::kResultNotTried &&
                       ToItself(*probe.probe, handshake.source_address, handshake.seen)
                   ? 1
                   : 0;
    }
  }
  return count;
}

}  // namespace

std::vector<Finding> AddressOnNode(const Digest& digest) {
  std::vector<Finding> findings;
  if (digest.evidence->pod.host_network) {
    return findings;  // Then it is the node's, as it should be.
  }
  const std::vector<std::string>& ips = digest.evidence->pod.ips;
  for (const ProbeCase& probe : digest.probes) {
    const std::string& address = probe.probe->address;
    const int count = probe.unusable.empty() ? CountToItself(probe) : 0;
    // A probe's `host` may be the node's address by intention.
    if (count == 0 || std::ranges::find(ips, address) == ips.end()) {
      continue;
    }
    Finding finding;
    finding.code = "NC-ADDR-001";
    finding.subject = probe.subject;
    finding.title =
        fmt::format("The pod's address {} is an address of the node itself, too", address);
    finding.claims = ClaimHandshakes(probe, [&](const HandshakeAttempt& attempt) {
      return ToItself(*probe.probe, attempt.handshake.source_address, attempt.handshake.seen);
    });
    const auto checks = ClaimChecks(probe, [&](const JudgedAttempt& attempt) {
      return ToItself(*probe.probe, attempt.attempt->source_address, attempt.attempt->seen);
    });
    finding.claims.insert(finding.claims.end(), checks.begin(), checks.end());
    finding.certainty = finding.claims.empty() ? Certainty::kPossible : Certainty::kProven;
    finding.evidence.push_back(fmt::format(
        "The kernel of node {} made {} to {} from {} itself: it does so for addresses of its own "
        "only, and delivers the packets to itself.",
        digest.evidence->node.name,
        Count(count, "connection"),
        HostPort(address, probe.probe->port),
        address));
    finding.fix.push_back(
        fmt::format("On node {}: ip address show to {} tells which interface has it. Remove the "
                    "address there, or give that network or the pods' another range.",
                    digest.evidence->node.name,
                    address));
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace netcheck::diagnosis
