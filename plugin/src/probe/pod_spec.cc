#include "probe/pod_spec.h"

#include <fmt/format.h>

#include "kube/yaml.h"
#include "probe/manifests.h"
#include "protocol/json.h"

namespace netcheck::probe_pod {
namespace {

using protocol::Json;

/// Linux refuses to execute a program with a longer argument: 32 pages, the final NUL included.
constexpr std::size_t kMaxArgumentBytes = 131071;

int CeilToSeconds(int milliseconds) {
  return milliseconds / 1000 + (milliseconds % 1000 == 0 ? 0 : 1);
}

}  // namespace

protocol::Result<Json> BuildProbePod(const PodOptions& options, const protocol::Plan& plan) {
  auto manifest = kube::JsonFromYaml(kProbePodManifest);
  if (!manifest) {
    return manifest;
  }
  const std::string argument = protocol::EncodePlanArgument(plan);
  if (argument.size() > kMaxArgumentBytes) {
    return protocol::Error{fmt::format(
        "the plan is too large for one run ({} bytes of {}): choose fewer source ports, or fewer "
        "probes with --container and --probe",
        argument.size(),
        kMaxArgumentBytes)};
  }
  Json pod = *std::move(manifest);
  Json& metadata = pod["metadata"];
  metadata["name"] = fmt::format("{}-{}", kNameLabelValue, plan.id);
  metadata["namespace"] = options.namespace_name;
  metadata["labels"][kRunLabel] = plan.id;
  Json& spec = pod["spec"];
  spec["nodeName"] = options.node;
  spec["activeDeadlineSeconds"] = options.start_limit_s + CeilToSeconds(plan.limits.deadline_ms);
  Json& container = spec["containers"][0];
  container["image"] = options.image;
  container["args"].push_back(argument);
  return pod;
}

}  // namespace netcheck::probe_pod
