#include "gather/find_target.h"

#include <fmt/format.h>

#include "gather/decode_cluster.h"
#include "gather/decode_pod.h"
#include "gather/near_names.h"
#include "kube/requests.h"
#include "protocol/json_fields.h"

namespace netcheck::gather {
namespace {

using model::Json;
using protocol::GetObject;
using protocol::GetString;

/// Names to choose near ones from.
constexpr const char* kListLimit = "1000";

/// Names of a list; empty when listing is not allowed.
std::vector<std::string> ListNames(kube::Api& api, const std::string& path) {
  std::vector<std::string> names;
  if (const auto list = api.Call(kube::Get(path, {{"limit", kListLimit}}))) {
    for (const Json& item : protocol::GetArray(*list, "items")) {
      names.push_back(GetString(GetObject(item, "metadata"), "name"));
    }
  }
  return names;
}

bool IsMissingObject(const kube::ApiError& error) {
  return error.failure == kube::Failure::kNotFound && error.reason == "NotFound";
}

TargetError ExplainMissingPod(kube::Api& api,
                              const std::string& namespace_name,
                              const std::string& pod_name) {
  // Every API server tells its version; one that does not know of that either is none.
  const auto version = api.Call(kube::Get("/version"));
  if (!version && version.error().failure == kube::Failure::kNotFound) {
    return {"the server does not answer as a Kubernetes API server: " + version.error().message};
  }
  const auto found = api.Call(kube::Get(kube::NamespacePath(namespace_name)));
  if (!found && IsMissingObject(found.error())) {
    const auto near = NearNames(namespace_name, ListNames(api, kube::NamespacesPath()));
    return {fmt::format("namespace \"{}\" not found{}", namespace_name, DidYouMean(near))};
  }
  const auto near = NearNames(pod_name, ListNames(api, kube::PodsPath(namespace_name)));
  return {fmt::format(
      "pod \"{}\" not found in namespace \"{}\"{}", pod_name, namespace_name, DidYouMean(near))};
}

/// The node of the pod. A message: no probe pod can be started there.
std::string ReadNode(kube::Api& api, const Json& pod, Target& target) {
  const std::string& name = target.pod.node;
  target.node.name = name;
  const auto node = api.Call(kube::Get(kube::NodePath(name)));
  if (node) {
    target.node = DecodeNode(*node);
    return WhyUnusable(*node);
  }
  if (IsMissingObject(node.error())) {
    return fmt::format("node {} of pod \"{}\" does not exist any more", name, target.pod.name);
  }
  const std::string os = GetString(GetObject(GetObject(pod, "spec"), "os"), "name");
  if (!os.empty() && os != "linux") {
    return fmt::format(
        "pod \"{}\" is a {} pod: netcheck can look at Linux nodes only", target.pod.name, os);
  }
  if (node.error().failure != kube::Failure::kForbidden) {
    return node.error().message;
  }
  target.not_seen.push_back({"node " + name,
                             "forbidden: needs get on nodes",
                             "whether the node is ready, its kernel and kubelet version"});
  return "";
}

}  // namespace

protocol::Result<Target, TargetError> FindTarget(kube::Api& api,
                                                 const std::string& namespace_name,
                                                 const std::string& pod_name) {
  const auto pod = api.Call(kube::Get(kube::PodPath(namespace_name, pod_name)));
  if (!pod) {
    if (IsMissingObject(pod.error())) {
      return ExplainMissingPod(api, namespace_name, pod_name);
    }
    return TargetError{pod.error().message, pod.error().failure == kube::Failure::kForbidden};
  }
  if (std::string why = WhyNotProbed(*pod); !why.empty()) {
    return TargetError{std::move(why)};
  }
  Target target;
  target.pod = DecodePod(*pod);
  target.labels = DecodeLabels(*pod);
  target.probes = DecodeProbes(*pod);
  if (std::string why = ReadNode(api, *pod, target); !why.empty()) {
    return TargetError{std::move(why)};
  }
  return target;
}

}  // namespace netcheck::gather
