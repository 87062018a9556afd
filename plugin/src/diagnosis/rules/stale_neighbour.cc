// The node sends the pod's packets to a link-layer address that is not the pod's: its neighbour
// entry is stale, or two hosts use the address. The frame may still reach the pod's device, flooded
// by a bridge; the kernel then drops it before IP (net/ipv4/ip_input.c, ip_rcv_core:
// PACKET_OTHERHOST).
#include <fmt/format.h>

#include "diagnosis/rule.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

bool AddressedToAnother(const HandshakeAttempt& attempt) {
  return attempt.stage == Stage::kSynLost &&
         (attempt.handshake.seen & protocol::kSeenPodSynOtherHost) != 0;
}

Finding Explain(const Digest& digest, const ProbeCase& probe, std::vector<AttemptRef> claims) {
  const std::string& address = probe.probe->address;
  Finding finding;
  finding.code = "NC-NEIGH-001";
  finding.certainty = Certainty::kProven;
  finding.subject = probe.subject;
  finding.title = "The node sends the pod's packets to another link-layer address than the pod's";
  finding.evidence.push_back(fmt::format("{} from node {} to {} got no answer.",
                                         Count(std::ssize(claims), "connection"),
                                         digest.evidence->node.name,
                                         HostPort(address, probe.probe->port)));
  finding.evidence.emplace_back(
      "Each SYN was seen on a device of the pod's network namespace, addressed to a link-layer "
      "address that is not the device's (PACKET_OTHERHOST); the kernel drops such a packet before "
      "IP sees it.");
  finding.fix.push_back(
      fmt::format("On node {}: compare \"ip neigh show {}\" with the pod's own address (ip link), "
                  "and delete a wrong entry: ip neigh del {} dev DEVICE.",
                  digest.evidence->node.name,
                  address,
                  address));
  finding.fix.emplace_back(
      "If the entry comes back, something else answers for the address: look for a second pod with "
      "it, and for a CNI version that does not announce addresses which it gives again.");
  finding.claims = std::move(claims);
  const auto checks = ClaimChecks(
      probe, [](const JudgedAttempt& attempt) { return attempt.stage == Stage::kSynLost; });
  finding.claims.insert(finding.claims.end(), checks.begin(), checks.end());
  return finding;
}

}  // namespace

std::vector<Finding> StaleNeighbour(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ProbeCase& probe : digest.probes) {
    auto claims = probe.unusable.empty() ? ClaimHandshakes(probe, AddressedToAnother)
                                         : std::vector<AttemptRef>();
    if (!claims.empty()) {
      findings.push_back(Explain(digest, probe, std::move(claims)));
    }
  }
  return findings;
}

}  // namespace netcheck::diagnosis
