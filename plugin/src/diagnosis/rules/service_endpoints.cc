// Nothing is behind the Service, as the API has it: no endpoint is ready at all, or none on this
// node while the Service's policy allows no other (pkg/proxy/topology.go). kube-proxy then rejects
// or drops what is sent to the Service's address, as it should.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "diagnosis/rule.h"
#include "diagnosis/service_way.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

using model::ServiceEndpoint;
using model::WayKind;

struct Behind {
  int all = 0;
  int ready = 0;
  int ready_here = 0;
};

/// Endpoints of the way's ports and address family.
Behind CountBehind(const model::Evidence& evidence, const model::ServiceWay& way) {
  const model::ServiceTarget& service = *evidence.service_target;
  Behind behind;
  for (const ServiceEndpoint& endpoint : service.endpoints) {
    const bool of_port = std::any_of(
        service.ports.begin(), service.ports.end(), [&](const model::ServicePort& port) {
          return port.name == endpoint.port_name &&
                 std::find(way.service_ports.begin(), way.service_ports.end(), port.port) !=
                     way.service_ports.end();
        });
    if (of_port && IsIpv6(endpoint.address) == IsIpv6(way.address)) {
      ++behind.all;
      behind.ready += endpoint.ready ? 1 : 0;
      behind.ready_here += endpoint.ready && endpoint.node == evidence.node.name ? 1 : 0;
    }
  }
  return behind;
}

Finding NoEndpoint(const Behind& behind, const model::ServiceTarget& service) {
  Finding finding;
  finding.code = "NC-SERVICE-001";
  finding.certainty = Certainty::kProven;
  finding.title = "The Service has no ready endpoint";
  finding.evidence.push_back(
      fmt::format("Its EndpointSlices list {} for this port, and none of them is ready, before and "
                  "after the connections were made.",
                  Count(behind.all, "endpoint")));
  finding.fix.emplace_back(
      behind.all > 0
          ? "Look at the pods behind the Service (`kubectl netcheck pod NAME`): their readiness "
            "probes fail, or they have none and their containers don't run."
      : service.has_selector
          ? "Compare the Service's selector and targetPort with the labels and ports of the pods "
            "that it is for (`kubectl get pods -l SELECTOR`)."
          : "The Service has no selector: whoever is to make its EndpointSlices has not done it.");
  return finding;
}

Finding NoLocalEndpoint(const Behind& behind, const model::Evidence& evidence, bool internal) {
  Finding finding;
  finding.code = "NC-SERVICE-002";
  finding.certainty = internal ? Certainty::kProven : Certainty::kLikely;
  finding.title = fmt::format("The Service's {} is Local, and no endpoint is on this node",
                              internal ? "internalTrafficPolicy" : "externalTrafficPolicy");
  finding.evidence.push_back(fmt::format(
      "{} ready, none of them on node {}.", Count(behind.ready, "endpoint"), evidence.node.name));
  finding.fix.emplace_back(
      fmt::format("Set {} to Cluster, or run the pods behind the Service on every node that is to "
                  "use it (a DaemonSet).",
                  internal ? "internalTrafficPolicy" : "externalTrafficPolicy"));
  return finding;
}

}  // namespace

std::vector<Finding> ServiceEndpoints(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ServiceCase& way : digest.services) {
    const model::ServiceTarget& service = *digest.evidence->service_target;
    const WayTally tried = Tally(way);
    if (way.way->kind == WayKind::kEndpoint || !way.unusable.empty() || !service.endpoints_known ||
        tried.failed == 0 || tried.passed > 0) {
      continue;
    }
    const Behind behind = CountBehind(*digest.evidence, *way.way);
    const bool internal = way.way->kind == WayKind::kClusterIp;
    const std::string& policy =
        internal ? service.internal_traffic_policy : service.external_traffic_policy;
    std::optional<Finding> finding;
    if (behind.ready == 0) {
      finding = NoEndpoint(behind, service);
    } else if (policy == "Local" && behind.ready_here == 0) {
      finding = NoLocalEndpoint(behind, *digest.evidence, internal);
    }
    if (finding) {
      finding->subject = way.subject;
      finding->evidence.insert(finding->evidence.begin(),
                               fmt::format("None of {} from node {} to {} was established.",
                                           Count(tried.failed, "connection"),
                                           digest.evidence->node.name,
                                           HostPort(way.way->address, way.way->port)));
      finding->claims = ClaimHandshakes(way, [](const HandshakeAttempt&) { return true; });
      findings.push_back(*std::move(finding));
    }
  }
  return findings;
}

}  // namespace netcheck::diagnosis
