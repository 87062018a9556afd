// Nothing on the node sends a Service's connections to its endpoints: the SYN leaves it addressed
// to the cluster IP itself, which no host has. kube-proxy does not run there or could not write its
// rules (pkg/proxy/iptables/proxier.go, pkg/proxy/ipvs/proxier.go, pkg/proxy/nftables/proxier.go),
// or the agent of another implementation doesn't.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "diagnosis/rule.h"
#include "diagnosis/service_way.h"
#include "diagnosis/words.h"
#include "protocol/filter_chain.h"

namespace netcheck::diagnosis {
namespace {

using protocol::FilterTable;
using protocol::Moment;
using protocol::Where;

/// What kube-proxy has in the packet filter, of this address family.
std::string RulesOf(const std::vector<FilterTable>& tables, bool ipv6) {
  std::vector<std::string> found;
  for (const FilterTable& table : tables) {
    if (table.family != (ipv6 ? "ip6" : "ip")) {
      continue;
    }
    if (table.name == "kube-proxy") {
      found.emplace_back("its nftables table is there");
    } else if (const auto chain = protocol::FindChain(table, "KUBE-SERVICES");
               chain && table.name == "nat") {
      found.push_back(fmt::format("KUBE-SERVICES of the {} backend holds {}, beside {} of Services",
                                  table.backend,
                                  Count(chain->rules, "rule"),
                                  Count(table.service_chains, "chain")));
    }
  }
  return found.empty() ? "none of kube-proxy's chains and tables is there"
                       : fmt::format("{}", fmt::join(found, "; "));
}

std::optional<Finding> Examine(const Digest& digest, const ServiceCase& way) {
  const EndpointTally endpoints = TallyEndpoints(digest, way);
  const int untranslated = Untranslated(digest, way);
  auto claims = ClaimHandshakes(way, WentAstray);
  if (untranslated == 0 || untranslated < std::ssize(claims) || Tally(way).passed > 0 ||
      endpoints.answered == 0 || endpoints.failed > 0 || FindIpvs(digest, *way.way) != nullptr) {
    return std::nullopt;
  }
  const std::string& node = digest.evidence->node.name;
  const std::string address = HostPort(way.way->address, way.way->port);
  Finding finding;
  finding.code = "NC-KUBEPROXY-002";
  finding.certainty = Certainty::kProven;
  finding.subject = way.subject;
  finding.title =
      fmt::format("Nothing on node {} sends connections to the Service to its endpoints", node);
  finding.evidence.push_back(fmt::format(
      "{} left the node addressed to {} itself, which no host has, and got no answer; {} behind it "
      "answered the same node in all of {}.",
      Count(untranslated, "connection"),
      address,
      Count(endpoints.answered, "endpoint"),
      Count(endpoints.attempts, "connection")));
  finding.evidence.push_back(
      fmt::format("In the node's packet filter {}; IPVS has no virtual service {}.",
                  RulesOf(protocol::FindFilterTables(digest.report(), Where::kNode, Moment::kAfter),
                          IsIpv6(way.way->address)),
                  address));
  finding.fix.push_back(fmt::format(
      "See whether kube-proxy runs on node {} and what it logs (curl localhost:10256/healthz "
      "there; "
      "kubectl --namespace kube-system get pods --output wide). It writes its rules anew when it "
      "starts.",
      node));
  finding.fix.emplace_back(
      "Where another program takes kube-proxy's place (Cilium, kube-router), see the same of its "
      "agent on that node.");
  finding.claims = std::move(claims);
  return finding;
}

}  // namespace

std::vector<Finding> ServiceUntranslated(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ServiceCase& way : digest.services) {
    if (way.way->kind != model::WayKind::kClusterIp || !way.unusable.empty()) {
      continue;
    }
    if (auto finding = Examine(digest, way)) {
      findings.push_back(*std::move(finding));
    }
  }
  return findings;
}

}  // namespace netcheck::diagnosis
