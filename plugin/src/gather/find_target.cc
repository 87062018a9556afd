#include "gather/find_target.h"

#include <fmt/format.h>

#include <utility>

#include "gather/decode_pod.h"
#include "gather/look_up.h"
#include "kube/requests.h"
#include "protocol/json_fields.h"

namespace netcheck::gather {
namespace {

using model::Json;
using protocol::GetObject;
using protocol::GetString;

/// The node of the pod. A message: no probe pod can be started there.
std::string ReadPodsNode(kube::Api& api, const Json& pod, Target& target) {
  const std::string& name = target.pod.node;
  const std::string os = GetString(GetObject(GetObject(pod, "spec"), "os"), "name");
  auto read = ReadNode(api, name);
  if (read.missing) {
    return fmt::format("node {} of pod \"{}\" does not exist any more", name, target.pod.name);
  }
  if (!read.known && !os.empty() && os != "linux") {
    return fmt::format(
        "pod \"{}\" is a {} pod: netcheck can look at Linux nodes only", target.pod.name, os);
  }
  target.node = std::move(read.node);
  target.not_seen = std::move(read.not_seen);
  return read.problem;
}

}  // namespace

protocol::Result<Target, TargetError> FindTarget(kube::Api& api,
                                                 const std::string& namespace_name,
                                                 const std::string& pod_name) {
  const auto pod = api.Call(kube::Get(kube::PodPath(namespace_name, pod_name)));
  if (!pod) {
    if (IsMissingObject(pod.error())) {
      return TargetError{
          ExplainMissing(api, namespace_name, "pod", pod_name, kube::PodsPath(namespace_name))};
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
  if (std::string why = ReadPodsNode(api, *pod, target); !why.empty()) {
    return TargetError{std::move(why)};
  }
  return target;
}

}  // namespace netcheck::gather
