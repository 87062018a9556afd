#include "gather/surroundings.h"

#include <fmt/format.h>

#include <algorithm>

#include "gather/decode_cluster.h"
#include "kube/requests.h"
#include "protocol/json_fields.h"

namespace netcheck::gather {
namespace {

void AddNotSeen(const char* what,
                const char* right,
                const kube::ApiError& error,
                const char* cost,
                model::Evidence& evidence) {
  evidence.not_seen.push_back({what,
                               error.failure == kube::Failure::kForbidden
                                   ? fmt::format("forbidden: needs {}", right)
                                   : error.message,
                               cost});
}

void ReadServices(kube::Api& api, const Target& target, model::Evidence& evidence) {
  const std::string& own_namespace = target.pod.namespace_name;
  auto services = api.Call(kube::Get("/api/v1/services"));
  if (services) {
    evidence.node_ports = DecodeNodePorts(*services);
  } else {
    AddNotSeen("NodePorts of the cluster",
               "list on services in all namespaces",
               services.error(),
               "source ports that collide with NodePorts were not tried on purpose",
               evidence);
    services = api.Call(kube::Get(kube::ServicesPath(own_namespace)));
    if (!services) {
      AddNotSeen("Services of the pod",
                 "list on services",
                 services.error(),
                 "which Services send traffic to the pod",
                 evidence);
      return;
    }
  }
  evidence.services = DecodeServices(*services, own_namespace, target.labels);
}

void ReadEndpoints(kube::Api& api, const Target& target, model::Evidence& evidence) {
  if (evidence.services.empty()) {
    return;
  }
  std::vector<std::string> names;
  for (const model::Service& service : evidence.services) {
    names.push_back(service.name);
  }
  const auto slices = api.Call(kube::ListEndpointSlices(target.pod.namespace_name, names));
  if (slices) {
    MarkReadyEndpoints(*slices, target.pod.uid, evidence.services);
  } else {
    AddNotSeen("EndpointSlices of the pod's Services",
               "list on endpointslices.discovery.k8s.io",
               slices.error(),
               "whether the Services send traffic to the pod now",
               evidence);
  }
}

void ReadEvents(kube::Api& api, const Target& target, model::Evidence& evidence) {
  const auto events = api.Call(kube::Get(
      kube::NamespacePath(target.pod.namespace_name) + "/events",
      {{"fieldSelector",
        fmt::format("involvedObject.kind=Pod,involvedObject.name={}", target.pod.name)}}));
  if (events) {
    evidence.events = DecodeProbeEvents(*events, target.pod);
  } else {
    AddNotSeen("events of the pod",
               "list on events",
               events.error(),
               "what kubelet itself reported about the probes",
               evidence);
  }
}

}  // namespace

void ReadSurroundings(kube::Api& api, const Target& target, model::Evidence& evidence) {
  if (const auto version = api.Call(kube::Get("/version"))) {
    evidence.server_version = protocol::GetString(*version, "gitVersion");
  }
  ReadServices(api, target, evidence);
  ReadEndpoints(api, target, evidence);
  ReadEvents(api, target, evidence);
}

void ReadNeighbours(kube::Api& api, model::Evidence& evidence) {
  const auto& usage = evidence.report.conntrack_usage;
  if (std::none_of(usage.begin(), usage.end(), [](const protocol::ConntrackUsage& part) {
        return part.where == protocol::Where::kNode;
      })) {
    return;
  }
  const auto pods = api.Call(kube::Get(
      "/api/v1/pods", {{"fieldSelector", fmt::format("spec.nodeName={}", evidence.pod.node)}}));
  if (pods) {
    evidence.neighbours = DecodeNeighbours(*pods);
  } else {
    AddNotSeen("pods of the node",
               "list on pods in all namespaces",
               pods.error(),
               "pods that fill the node's conntrack table are told by address and UID only",
               evidence);
  }
}

}  // namespace netcheck::gather
