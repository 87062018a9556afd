// Nothing on the node sends a Service's connections to its endpoints: the SYN is still addressed to
// the cluster IP where it is seen last, and no host has that. kube-proxy, whose chains are there,
// does not run any more or could not write its rules (pkg/proxy/iptables/proxier.go,
// pkg/proxy/nftables/proxier.go).
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
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

/// What kube-proxy has in the packet filter, of one address family.
struct Rules {
  std::vector<std::string> found;
  bool any = false;  ///< Rules of Services: they may be of others than this one.
};

Rules RulesOf(const Digest& digest, Moment moment, bool ipv6) {
  Rules rules;
  for (const FilterTable& table :
       protocol::FindFilterTables(digest.report(), Where::kNode, moment)) {
    if (table.family != (ipv6 ? "ip6" : "ip")) {
      continue;
    }
    if (table.name == "kube-proxy") {
      rules.found.emplace_back("its nftables table is there");
      rules.any = true;
    } else if (const auto chain = protocol::FindChain(table, "KUBE-SERVICES");
               chain && table.name == "nat") {
      rules.any = rules.any || chain->rules > 0 || table.service_chains > 0;
      rules.found.push_back(
          fmt::format("KUBE-SERVICES of the {} backend holds {}, beside {} of single Services",
                      table.backend,
                      Count(chain->rules, "rule"),
                      Count(table.service_chains, "chain")));
    }
  }
  return rules;
}

/// Whether IPVS has the address, or can't be excluded.
bool MayBeIpvs(const Digest& digest, const model::ServiceWay& way) {
  const auto& unavailable = digest.report().unavailable;
  return FindIpvs(digest, way) != nullptr ||
         std::ranges::any_of(unavailable, [](const protocol::Unavailable& fact) {
           return fact.what == "ipvs.services" && fact.moment == Moment::kBefore &&
                  fact.error_number != ENOENT;  // The module is not there: nor are its services.
         });
}

/// Where no chain of kube-proxy's is there, another program may translate behind a device of the
/// node (OVN-Kubernetes, Antrea, Calico's eBPF), and untranslated SYNs are as they should be.
std::optional<Finding> Examine(const Digest& digest, const ServiceCase& way) {
  const EndpointTally endpoints = TallyEndpoints(digest, way);
  const int untranslated = Untranslated(digest, way);
  const bool ipv6 = IsIpv6(way.way->address);
  const Rules before = RulesOf(digest, Moment::kBefore, ipv6);
  const Rules rules = RulesOf(digest, Moment::kAfter, ipv6);
  auto claims = ClaimHandshakes(way, WentAstray);
  if (claims.empty() || untranslated < std::ssize(claims) || Tally(way).passed > 0 ||
      endpoints.answered == 0 || endpoints.failed > 0 || before.found.empty() ||
      rules.found.empty() || before.any != rules.any || MayBeIpvs(digest, *way.way)) {
    return std::nullopt;
  }
  const std::string& node = digest.evidence->node.name;
  const std::string address = HostPort(way.way->address, way.way->port);
  Finding finding;
  finding.code = "NC-KUBEPROXY-002";
  finding.certainty = rules.any ? Certainty::kLikely : Certainty::kProven;
  finding.subject = way.subject;
  finding.title =
      fmt::format("Nothing on node {} sends connections to the Service to its endpoints", node);
  finding.evidence.push_back(
      fmt::format("{} were seen on the node still addressed to {}, and got no answer; {} behind it "
                  "answered the same node in all of {}.",
                  Count(untranslated, "connection"),
                  address,
                  Count(endpoints.answered, "endpoint"),
                  Count(endpoints.attempts, "connection")));
  finding.evidence.push_back(
      fmt::format("Of kube-proxy's rules there: {}.", fmt::join(rules.found, "; ")));
  finding.fix.push_back(fmt::format(
      "See whether kube-proxy runs on node {} and what it logs (curl localhost:10256/healthz "
      "there; kubectl --namespace kube-system get pods --output wide). It writes its rules anew "
      "when it "
      "starts.",
      node));
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
