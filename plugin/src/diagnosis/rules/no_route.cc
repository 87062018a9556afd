// The node has no route to the pod's address, or one that refuses (unreachable, prohibit):
// connect() fails in the route lookup, before a source address is chosen (ip_route_connect,
// ip6_dst_lookup).
#include <fmt/format.h>

#include "diagnosis/rule.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

Finding Explain(const Digest& digest, const ProbeCase& probe, std::vector<AttemptRef> claims) {
  const std::string& address = probe.probe->address;
  Finding finding;
  finding.code = "NC-ROUTE-001";
  finding.certainty = Certainty::kProven;
  finding.subject = probe.subject;
  finding.title = fmt::format("The node has no usable route to {}", address);
  finding.evidence.push_back(
      fmt::format("{} from node {} to {} failed in connect() itself, with EHOSTUNREACH or "
                  "ENETUNREACH and before the kernel had chosen a source address: the route lookup "
                  "refused, no packet was sent.",
                  Count(std::ssize(claims), "connection"),
                  digest.evidence->node.name,
                  HostPort(address, probe.probe->port)));
  finding.fix.push_back(
      fmt::format("On node {}: ip route get {} shows which route or rule refuses (unreachable, "
                  "prohibit, none); the CNI plugin should have made one for the pod.",
                  digest.evidence->node.name,
                  address));
  finding.claims = std::move(claims);
  return finding;
}

}  // namespace

std::vector<Finding> NoRoute(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ProbeCase& probe : digest.probes) {
    if (!probe.unusable.empty()) {
      continue;
    }
    auto claims = ClaimHandshakes(probe, [](const HandshakeAttempt& attempt) {
      return RefusedByRoute(
          attempt.handshake.result, attempt.handshake.source_address, attempt.handshake.seen);
    });
    const auto checks = ClaimChecks(probe, [](const JudgedAttempt& attempt) {
      return RefusedByRoute(
          attempt.attempt->connect_result, attempt.attempt->source_address, attempt.attempt->seen);
    });
    claims.insert(claims.end(), checks.begin(), checks.end());
    if (!claims.empty()) {
      findings.push_back(Explain(digest, probe, std::move(claims)));
    }
  }
  return findings;
}

}  // namespace netcheck::diagnosis
