#include "gather/look_up.h"

#include <fmt/format.h>

#include "gather/decode_cluster.h"
#include "gather/near_names.h"
#include "kube/requests.h"
#include "protocol/json_fields.h"

namespace netcheck::gather {
namespace {

/// Names to choose near ones from.
constexpr const char* kListLimit = "1000";

}  // namespace

bool IsMissingObject(const kube::ApiError& error) {
  return error.failure == kube::Failure::kNotFound && error.reason == "NotFound";
}

std::vector<std::string> ListNames(kube::Api& api, const std::string& path) {
  std::vector<std::string> names;
  if (const auto list = api.Call(kube::Get(path, {{"limit", kListLimit}}))) {
    for (const model::Json& item : protocol::GetArray(*list, "items")) {
      names.push_back(protocol::GetString(protocol::GetObject(item, "metadata"), "name"));
    }
  }
  return names;
}

std::string ExplainMissing(kube::Api& api,
                           const std::string& namespace_name,
                           const std::string& kind,
                           const std::string& name,
                           const std::string& list_path) {
  // Every API server tells its version; one that does not know of that either is none.
  const auto version = api.Call(kube::Get("/version"));
  if (!version && version.error().failure == kube::Failure::kNotFound) {
    return "the server does not answer as a Kubernetes API server: " + version.error().message;
  }
  const auto found = api.Call(kube::Get(kube::NamespacePath(namespace_name)));
  if (!found && IsMissingObject(found.error())) {
    const auto near = NearNames(namespace_name, ListNames(api, kube::NamespacesPath()));
    return fmt::format("namespace \"{}\" not found{}", namespace_name, DidYouMean(near));
  }
  const auto near = NearNames(name, ListNames(api, list_path));
  return fmt::format(
      "{} \"{}\" not found in namespace \"{}\"{}", kind, name, namespace_name, DidYouMean(near));
}

NodeLookUp ReadNode(kube::Api& api, const std::string& name) {
  NodeLookUp result;
  result.node.name = name;
  const auto node = api.Call(kube::Get(kube::NodePath(name)));
  if (node) {
    result.known = true;
    result.node = DecodeNode(*node);
    result.problem = WhyUnusable(*node);
  } else if (IsMissingObject(node.error())) {
    result.missing = true;
    result.problem = fmt::format("node \"{}\" not found", name);
  } else if (node.error().failure != kube::Failure::kForbidden) {
    result.problem = node.error().message;
  } else {
    result.not_seen.push_back({"node " + name,
                               "forbidden: needs get on nodes",
                               "whether the node is ready, its kernel and kubelet version"});
  }
  return result;
}

}  // namespace netcheck::gather
