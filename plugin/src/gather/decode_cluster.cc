#include "gather/decode_cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gather/decode_pod.h"
#include "protocol/json_fields.h"

namespace netcheck::gather {
namespace {

using model::Json;
using protocol::GetArray;
using protocol::GetInt;
using protocol::GetObject;
using protocol::GetString;

/// A pod that fails for days has many; the last ones tell enough.
constexpr std::size_t kMaxEvents = 50;

const Json& ReadyCondition(const Json& node) {
  static const Json kNone = Json::object();
  for (const Json& condition : GetArray(GetObject(node, "status"), "conditions")) {
    if (GetString(condition, "type") == "Ready") {
      return condition;
    }
  }
  return kNone;
}

bool Selects(const Json& selector, const std::map<std::string, std::string>& labels) {
  if (selector.empty()) {
    return false;
  }
  for (const auto& [name, value] : selector.items()) {
    const auto label = labels.find(name);
    if (label == labels.end() || !value.is_string() || label->second != value.get<std::string>()) {
      return false;
    }
  }
  return true;
}

std::string FirstOf(std::initializer_list<std::string> texts) {
  for (const std::string& text : texts) {
    if (!text.empty()) {
      return text;
    }
  }
  return "";
}

/// "spec.containers{web}" → "web"
std::string ContainerOf(const std::string& field_path) {
  const std::size_t open = field_path.find('{');
  const std::size_t close = field_path.find('}', open);
  return open == std::string::npos || close == std::string::npos
             ? ""
             : field_path.substr(open + 1, close - open - 1);
}

bool IsAboutProbes(const std::string& reason, const std::string& message) {
  return reason == "Unhealthy" || reason == "ProbeWarning" ||
         (reason == "Killing" && message.find(" probe") != std::string::npos);
}

}  // namespace

model::Node DecodeNode(const Json& node) {
  const Json& info = GetObject(GetObject(node, "status"), "nodeInfo");
  model::Node decoded;
  decoded.name = GetString(GetObject(node, "metadata"), "name");
  decoded.ready = GetString(ReadyCondition(node), "status") == "True";
  decoded.os = GetString(info, "operatingSystem");
  decoded.kubelet_version = GetString(info, "kubeletVersion");
  decoded.kernel_version = GetString(info, "kernelVersion");
  decoded.os_image = GetString(info, "osImage");
  decoded.container_runtime_version = GetString(info, "containerRuntimeVersion");
  for (const Json& address : GetArray(GetObject(node, "status"), "addresses")) {
    if (GetString(address, "type") == "InternalIP" || GetString(address, "type") == "ExternalIP") {
      decoded.addresses.push_back(GetString(address, "address"));
    }
  }
  return decoded;
}

std::string WhyUnusable(const Json& node) {
  const model::Node decoded = DecodeNode(node);
  if (!decoded.os.empty() && decoded.os != "linux") {
    return fmt::format(
        "node {} runs {}: netcheck can look at Linux nodes only", decoded.name, decoded.os);
  }
  if (!decoded.ready) {
    const Json& condition = ReadyCondition(node);
    return fmt::format("node {} is NotReady ({}): its kubelet neither probes nor starts pods",
                       decoded.name,
                       FirstOf({GetString(condition, "message"),
                                GetString(condition, "reason"),
                                "kubelet has reported nothing"}));
  }
  return "";
}

std::vector<model::NodePort> DecodeNodePorts(const Json& services) {
  std::vector<model::NodePort> ports;
  for (const Json& service : GetArray(services, "items")) {
    const Json& metadata = GetObject(service, "metadata");
    const Json& spec = GetObject(service, "spec");
    const std::string name =
        fmt::format("{}/{}", GetString(metadata, "namespace"), GetString(metadata, "name"));
    for (const Json& port : GetArray(spec, "ports")) {
      if (const int number = GetInt(port, "nodePort"); number != 0) {
        ports.push_back({name, FirstOf({GetString(port, "protocol"), "TCP"}), number});
      }
    }
    if (const int number = GetInt(spec, "healthCheckNodePort"); number != 0) {
      ports.push_back({name, "TCP", number});
    }
  }
  return ports;
}

std::vector<model::Service> DecodeServices(const Json& services,
                                           const std::string& namespace_name,
                                           const std::map<std::string, std::string>& labels) {
  std::vector<model::Service> selected;
  for (const Json& service : GetArray(services, "items")) {
    const Json& metadata = GetObject(service, "metadata");
    const Json& spec = GetObject(service, "spec");
    if (GetString(metadata, "namespace") != namespace_name ||
        !Selects(GetObject(spec, "selector"), labels)) {
      continue;
    }
    model::Service decoded;
    decoded.name = GetString(metadata, "name");
    for (const Json& ip : GetArray(spec, "clusterIPs")) {
      if (ip.is_string() && ip.get<std::string>() != "None") {
        decoded.cluster_ips.push_back(ip.get<std::string>());
      }
    }
    for (const Json& port : GetArray(spec, "ports")) {
      decoded.ports.push_back({GetString(port, "name"),
                               GetInt(port, "port"),
                               FirstOf({GetString(port, "protocol"), "TCP"})});
    }
    selected.push_back(std::move(decoded));
  }
  return selected;
}

void MarkReadyEndpoints(const Json& slices,
                        const std::string& pod_uid,
                        std::vector<model::Service>& services) {
  for (const Json& slice : GetArray(slices, "items")) {
    const std::string name =
        GetString(GetObject(GetObject(slice, "metadata"), "labels"), "kubernetes.io/service-name");
    for (const Json& endpoint : GetArray(slice, "endpoints")) {
      // An absent condition means ready (discovery/v1 EndpointConditions).
      const bool ready = GetObject(endpoint, "conditions").value("ready", Json()) != Json(false);
      if (!ready || GetString(GetObject(endpoint, "targetRef"), "uid") != pod_uid) {
        continue;
      }
      for (model::Service& service : services) {
        service.pod_is_ready_endpoint = service.pod_is_ready_endpoint || service.name == name;
      }
    }
  }
}

std::vector<model::Neighbour> DecodeNeighbours(const Json& pods) {
  std::vector<model::Neighbour> neighbours;
  for (const Json& item : GetArray(pods, "items")) {
    const model::Pod pod = DecodePod(item);
    if (pod.phase == "Succeeded" || pod.phase == "Failed") {
      continue;
    }
    model::Neighbour neighbour{
        pod.namespace_name, pod.name, pod.uid, pod.cgroup_uid, pod.ips, pod.host_network, "", ""};
    for (const Json& owner : GetArray(GetObject(item, "metadata"), "ownerReferences")) {
      if (protocol::GetBool(owner, "controller")) {
        neighbour.owner_kind = GetString(owner, "kind");
        neighbour.owner_name = GetString(owner, "name");
      }
    }
    neighbours.push_back(std::move(neighbour));
  }
  return neighbours;
}

std::vector<model::ProbeEvent> DecodeProbeEvents(const Json& events, const model::Pod& pod) {
  std::vector<model::ProbeEvent> decoded;
  for (const Json& event : GetArray(events, "items")) {
    const Json& object = GetObject(event, "involvedObject");
    const std::string uid = GetString(object, "uid");
    const std::string reason = GetString(event, "reason");
    const std::string message = GetString(event, "message");
    if ((uid != pod.uid && uid != pod.cgroup_uid) || !IsAboutProbes(reason, message)) {
      continue;
    }
    const Json& series = GetObject(event, "series");
    const std::string event_time = GetString(event, "eventTime");
    decoded.push_back({reason,
                       ContainerOf(GetString(object, "fieldPath")),
                       message,
                       std::max({1, GetInt(event, "count"), GetInt(series, "count")}),
                       FirstOf({GetString(event, "firstTimestamp"), event_time}),
                       FirstOf({GetString(series, "lastObservedTime"),
                                GetString(event, "lastTimestamp"),
                                event_time})});
  }
  std::stable_sort(decoded.begin(), decoded.end(), [](const auto& a, const auto& b) {
    return a.last_seen < b.last_seen;
  });
  if (decoded.size() > kMaxEvents) {
    decoded.erase(decoded.begin(), decoded.end() - static_cast<std::ptrdiff_t>(kMaxEvents));
  }
  return decoded;
}

}  // namespace netcheck::gather
