#include "gather/find_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "gather/decode_cluster.h"
#include "gather/decode_service.h"
#include "gather/look_up.h"
#include "gather/near_names.h"
#include "kube/requests.h"
#include "protocol/json_fields.h"

namespace netcheck::gather {
namespace {

using model::Json;

/// Nodes that are looked at, one after the other, for one that is ready.
constexpr std::size_t kMaxNodesTried = 5;
constexpr const char* kMaxNodesListed = "500";

void ReadEndpoints(kube::Api& api, FoundService& found) {
  auto endpoints = ReadEndpointsNow(api, found.service);
  if (endpoints) {
    found.service.endpoints_known = true;
    found.service.endpoints = *std::move(endpoints);
    return;
  }
  found.not_seen.push_back({fmt::format("endpoints of service {}", found.service.name),
                            endpoints.error().failure == kube::Failure::kForbidden
                                ? "forbidden: needs list on endpointslices.discovery.k8s.io"
                                : endpoints.error().message,
                            "they were not connected to, so the way to them can't be told from the "
                            "way to the Service"});
}

/// "": the node that the user named can be used.
std::string UseNode(kube::Api& api, const std::string& name, FoundService& found) {
  auto read = ReadNode(api, name);
  if (read.missing) {
    return read.problem + DidYouMean(NearNames(name, ListNames(api, kube::NodesPath())));
  }
  found.node = std::move(read.node);
  found.not_seen.insert(found.not_seen.end(), read.not_seen.begin(), read.not_seen.end());
  return read.problem;
}

/// Of the nodes that host an endpoint. "": one was found.
std::string ChooseEndpointsNode(kube::Api& api, FoundService& found) {
  std::set<std::string> names;
  for (const model::ServiceEndpoint& endpoint : found.service.endpoints) {
    if (endpoint.ready && !endpoint.node.empty()) {
      names.insert(endpoint.node);
    }
  }
  std::string problem = "no node hosts a ready endpoint";
  std::size_t tried = 0;
  for (const std::string& name : names) {
    if (tried++ == kMaxNodesTried) {
      break;
    }
    problem = UseNode(api, name, found);
    if (problem.empty()) {
      return "";
    }
  }
  return problem;
}

std::string ChooseAnyNode(kube::Api& api, const std::string& why_no_other, FoundService& found) {
  const auto nodes = api.Call(kube::Get(kube::NodesPath(), {{"limit", kMaxNodesListed}}));
  if (!nodes) {
    return fmt::format("{}, and nodes can't be listed ({}): name one with --node",
                       why_no_other,
                       nodes.error().failure == kube::Failure::kForbidden ? "needs list on nodes"
                                                                          : nodes.error().message);
  }
  std::string problem = why_no_other + ", and the cluster has no other node";
  for (const Json& node : protocol::GetArray(*nodes, "items")) {
    if (problem = WhyUnusable(node); problem.empty()) {
      found.node = DecodeNode(node);
      return "";
    }
  }
  return problem;
}

std::string ChooseNode(kube::Api& api, const std::string& wanted, FoundService& found) {
  if (!wanted.empty()) {
    return UseNode(api, wanted, found);
  }
  const std::string problem = ChooseEndpointsNode(api, found);
  return problem.empty() ? "" : ChooseAnyNode(api, problem, found);
}

}  // namespace

kube::ApiResult<std::vector<model::ServiceEndpoint>> ReadEndpointsNow(
    kube::Api& api, const model::ServiceTarget& service) {
  const auto slices = api.Call(kube::ListEndpointSlices(service.namespace_name, {service.name}));
  if (!slices) {
    return slices.error();
  }
  return DecodeEndpoints(*slices, service);
}

protocol::Result<FoundService, TargetError> FindService(kube::Api& api,
                                                        const std::string& namespace_name,
                                                        const ServiceChoice& choice) {
  const auto service = api.Call(kube::Get(kube::ServicePath(namespace_name, choice.name)));
  if (!service) {
    if (IsMissingObject(service.error())) {
      return TargetError{ExplainMissing(
          api, namespace_name, "service", choice.name, kube::ServicesPath(namespace_name))};
    }
    return TargetError{service.error().message,
                       service.error().failure == kube::Failure::kForbidden};
  }
  if (std::string why = WhyNotConnectable(*service, choice.port); !why.empty()) {
    return TargetError{std::move(why)};
  }
  FoundService found;
  found.service = DecodeServiceTarget(*service, choice.port);
  for (const std::string& port : OtherPorts(*service, choice.port)) {
    found.not_seen.push_back(
        {"port " + port, "netcheck makes TCP connections", "that port was not tried"});
  }
  if (const auto version = api.Call(kube::Get("/version"))) {
    found.server_version = protocol::GetString(*version, "gitVersion");
  }
  ReadEndpoints(api, found);
  if (found.service.cluster_ips.empty()) {
    const bool any = std::any_of(found.service.endpoints.begin(),
                                 found.service.endpoints.end(),
                                 [](const model::ServiceEndpoint& e) { return e.ready; });
    if (!any) {
      return TargetError{fmt::format(
          "service \"{}\" is headless (no cluster IP) and {}: there is nothing to connect to",
          choice.name,
          found.service.endpoints_known ? "has no ready endpoint"
                                        : "its endpoints could not be read")};
    }
    found.not_seen.push_back({"cluster IP of service " + choice.name,
                              "it is headless: it has none",
                              "only its endpoints were connected to"});
  }
  if (std::string problem = ChooseNode(api, choice.node, found); !problem.empty()) {
    return TargetError{std::move(problem)};
  }
  return found;
}

}  // namespace netcheck::gather
