#include "gather/decode_pod.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/json_fields.h"

namespace netcheck::gather {
namespace {

using model::Json;
using protocol::GetArray;
using protocol::GetBool;
using protocol::GetInt;
using protocol::GetObject;
using protocol::GetString;

/// The UID by which kubelet itself knows a static pod
/// (pkg/kubelet/types/pod_update.go, ConfigHashAnnotationKey).
constexpr const char* kConfigHash = "kubernetes.io/config.hash";

const Json& FindStatus(const Json& statuses, const std::string& name) {
  static const Json kNone = Json::object();
  for (const Json& status : statuses) {
    if (GetString(status, "name") == name) {
      return status;
    }
  }
  return kNone;
}

void DecodeState(const Json& state, model::Container& container) {
  for (const char* name : {"running", "waiting", "terminated"}) {
    if (state.contains(name)) {
      const Json& details = GetObject(state, name);
      container.state = name;
      container.state_reason = GetString(details, "reason");
      if (container.state == "running") {
        container.started_at = GetString(details, "startedAt");
      }
    }
  }
}

model::Container DecodeContainer(const Json& spec, const Json& statuses, bool sidecar) {
  model::Container container;
  container.name = GetString(spec, "name");
  container.sidecar = sidecar;
  for (const Json& port : GetArray(spec, "ports")) {
    const std::string protocol = GetString(port, "protocol");
    container.ports.push_back({GetString(port, "name"),
                               GetInt(port, "containerPort"),
                               protocol.empty() ? "TCP" : protocol});
  }
  const Json& status = FindStatus(statuses, container.name);
  container.id = GetString(status, "containerID");
  container.ready = GetBool(status, "ready");
  container.started = GetBool(status, "started");
  container.restart_count = GetInt(status, "restartCount");
  DecodeState(GetObject(status, "state"), container);
  return container;
}

std::vector<std::string> DecodeIps(const Json& status) {
  std::vector<std::string> ips;
  for (const Json& ip : GetArray(status, "podIPs")) {
    ips.push_back(GetString(ip, "ip"));
  }
  if (ips.empty() && !GetString(status, "podIP").empty()) {
    ips.push_back(GetString(status, "podIP"));
  }
  return ips;
}

/// What the pod's conditions and containers say about why it is still Pending.
std::string WhyPending(const Json& status) {
  for (const Json& condition : GetArray(status, "conditions")) {
    if (GetString(condition, "type") == "PodScheduled" &&
        GetString(condition, "status") == "False") {
      return fmt::format("{}: {}", GetString(condition, "reason"), GetString(condition, "message"));
    }
  }
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    for (const Json& container : GetArray(status, list)) {
      const Json& waiting = GetObject(GetObject(container, "state"), "waiting");
      const std::string reason = GetString(waiting, "reason");
      if (!reason.empty() && reason != "PodInitializing") {
        return fmt::format("container {} waits: {}", GetString(container, "name"), reason);
      }
      if (GetObject(container, "state").contains("running") &&
          std::string(list) == "initContainerStatuses") {
        return fmt::format("init container {} is still running", GetString(container, "name"));
      }
    }
  }
  return "kubelet has not started it yet";
}

}  // namespace

model::Pod DecodePod(const Json& pod) {
  const Json& metadata = GetObject(pod, "metadata");
  const Json& spec = GetObject(pod, "spec");
  const Json& status = GetObject(pod, "status");
  model::Pod decoded;
  decoded.namespace_name = GetString(metadata, "namespace");
  decoded.name = GetString(metadata, "name");
  decoded.uid = GetString(metadata, "uid");
  decoded.cgroup_uid = GetString(GetObject(metadata, "annotations"), kConfigHash);
  if (decoded.cgroup_uid.empty()) {
    decoded.cgroup_uid = decoded.uid;
  }
  decoded.node = GetString(spec, "nodeName");
  decoded.phase = GetString(status, "phase");
  decoded.ips = DecodeIps(status);
  decoded.host_network = GetBool(spec, "hostNetwork");
  decoded.terminating = metadata.contains("deletionTimestamp");
  for (const Json& container : GetArray(spec, "initContainers")) {
    if (GetString(container, "restartPolicy") == "Always") {
      decoded.containers.push_back(
          DecodeContainer(container, GetArray(status, "initContainerStatuses"), true));
    }
  }
  for (const Json& container : GetArray(spec, "containers")) {
    decoded.containers.push_back(
        DecodeContainer(container, GetArray(status, "containerStatuses"), false));
    decoded.containers.back().never_restarted = GetString(spec, "restartPolicy") == "Never";
  }
  return decoded;
}

std::map<std::string, std::string> DecodeLabels(const Json& pod) {
  std::map<std::string, std::string> labels;
  for (const auto& [name, value] : GetObject(GetObject(pod, "metadata"), "labels").items()) {
    if (value.is_string()) {
      labels[name] = value.get<std::string>();
    }
  }
  return labels;
}

std::string WhyNotProbed(const Json& pod) {
  const model::Pod decoded = DecodePod(pod);
  const Json& status = GetObject(pod, "status");
  const auto running = [](const model::Container& container) {
    return container.state == "running";
  };
  if (decoded.phase == "Succeeded" || decoded.phase == "Failed") {
    return fmt::format("pod \"{}\" has ended ({}): kubelet does not probe it any more",
                       decoded.name,
                       decoded.phase);
  }
  if (decoded.node.empty()) {
    return fmt::format(
        "pod \"{}\" is Pending and has no node yet: {}", decoded.name, WhyPending(status));
  }
  if (decoded.phase == "Pending" &&
      std::none_of(decoded.containers.begin(), decoded.containers.end(), running)) {
    return fmt::format(
        "pod \"{}\" is Pending on node {}: {}", decoded.name, decoded.node, WhyPending(status));
  }
  if (decoded.ips.empty()) {
    return fmt::format("pod \"{}\" has no IP address: there is nothing to connect to",
                       decoded.name);
  }
  return "";
}

}  // namespace netcheck::gather
