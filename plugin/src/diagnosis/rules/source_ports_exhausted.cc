// connect() finds no source port: every port of ip_local_port_range is in use towards this address
// and port (net/ipv4/inet_hashtables.c, __inet_hash_connect: EADDRNOTAVAIL). No packet is sent.
#include <fmt/format.h>

#include <cerrno>

#include "diagnosis/rule.h"
#include "diagnosis/words.h"
#include "protocol/port_range.h"

namespace netcheck::diagnosis {
namespace {

using protocol::Moment;
using protocol::Where;

/// IPv6 gives the same error where the node has no address to connect from (ip6_dst_lookup_tail,
/// net/ipv6/ip6_output.c); a connection that was made shows that it has one.
Certainty CertaintyOf(const ProbeCase& probe) {
  if (!IsIpv6(probe.probe->address)) {
    return Certainty::kProven;
  }
  for (const Batch* batch : probe.batches) {
    for (const HandshakeAttempt& attempt : batch->attempts) {
      if (attempt.handshake.result == 0) {
        return Certainty::kProven;
      }
    }
  }
  return Certainty::kLikely;
}

/// How many source ports there are.
void AddRange(const Digest& digest, Finding& finding) {
  const auto sysctl = [&](const char* name) {
    return protocol::FindSysctl(digest.report(), Where::kNode, Moment::kBefore, name).value_or("");
  };
  const auto ports = protocol::ParsePortRange(sysctl("net.ipv4.ip_local_port_range"),
                                              sysctl("net.ipv4.ip_local_reserved_ports"));
  if (!ports) {
    return;
  }
  int eligible = 0;
  for (int port = ports->local.first; port <= ports->local.last; ++port) {
    eligible += ports->Eligible(port) ? 1 : 0;
  }
  finding.evidence.push_back(
      fmt::format("net.ipv4.ip_local_port_range is {} to {}, {} of it not reserved: so many "
                  "connections at a time, TIME_WAIT included, can go from one address of the node "
                  "to one address and port.",
                  ports->local.first,
                  ports->local.last,
                  Count(eligible, "port")));
}

Finding Explain(const Digest& digest, const ProbeCase& probe, std::vector<AttemptRef> claims) {
  Finding finding;
  finding.code = "NC-PORTS-001";
  finding.certainty = CertaintyOf(probe);
  finding.subject = probe.subject;
  finding.title = "The node has no free source port for connections to the pod";
  finding.evidence.push_back(
      fmt::format("{} from node {} to {} failed with EADDRNOTAVAIL (\"cannot assign requested "
                  "address\") before a packet was sent.",
                  Count(std::ssize(claims), "connection"),
                  digest.evidence->node.name,
                  HostPort(probe.probe->address, probe.probe->port)));
  AddRange(digest, finding);
  finding.fix.push_back(
      fmt::format("On node {}: ss -tan dst {} shows who holds the ports; make it reuse its "
                  "connections or close them.",
                  digest.evidence->node.name,
                  probe.probe->address));
  finding.fix.emplace_back(
      "A wider net.ipv4.ip_local_port_range gives room; keep the NodePort range out of it "
      "(net.ipv4.ip_local_reserved_ports).");
  finding.claims = std::move(claims);
  return finding;
}

}  // namespace

std::vector<Finding> SourcePortsExhausted(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ProbeCase& probe : digest.probes) {
    if (!probe.unusable.empty()) {
      continue;
    }
    auto claims = ClaimHandshakes(probe, [](const HandshakeAttempt& attempt) {
      return attempt.handshake.result == EADDRNOTAVAIL;
    });
    const auto checks = ClaimChecks(probe, [](const JudgedAttempt& attempt) {
      return attempt.attempt->connect_result == EADDRNOTAVAIL;
    });
    claims.insert(claims.end(), checks.begin(), checks.end());
    if (!claims.empty()) {
      findings.push_back(Explain(digest, probe, std::move(claims)));
    }
  }
  return findings;
}

}  // namespace netcheck::diagnosis
