#include "probe/cleanup.h"

#include <fmt/format.h>

#include "kube/requests.h"
#include "kube/rfc3339.h"
#include "probe/deletion.h"
#include "probe/pod_spec.h"
#include "protocol/json_fields.h"

namespace netcheck::probe_pod {
namespace {

using protocol::GetArray;
using protocol::GetInt;
using protocol::GetObject;
using protocol::GetString;
using protocol::Json;

/// The clocks of this machine and of the cluster may differ by as much.
constexpr std::int64_t kClockMarginSeconds = 300;

bool IsStale(const Json& pod, std::int64_t now) {
  const std::string phase = GetString(GetObject(pod, "status"), "phase");
  if (phase == "Succeeded" || phase == "Failed") {
    return true;
  }
  const auto created =
      kube::ParseRfc3339(GetString(GetObject(pod, "metadata"), "creationTimestamp"));
  const int deadline = GetInt(GetObject(pod, "spec"), "activeDeadlineSeconds");
  return created && deadline != 0 && now > *created + deadline + kClockMarginSeconds;
}

}  // namespace

kube::ApiResult<std::vector<ProbePod>> ListProbePods(kube::Api& api,
                                                     const std::string& namespace_name,
                                                     std::int64_t now) {
  const std::string selector = fmt::format(
      "{}={},{}={}", kNameLabel, kNameLabelValue, kManagedByLabel, kManagedByLabelValue);
  auto list =
      api.Call(kube::Get(namespace_name.empty() ? "/api/v1/pods" : kube::PodsPath(namespace_name),
                         {{"labelSelector", selector}}));
  if (!list) {
    return list.error();
  }
  std::vector<ProbePod> pods;
  for (const Json& item : GetArray(*list, "items")) {
    const Json& metadata = GetObject(item, "metadata");
    pods.push_back({GetString(metadata, "namespace"),
                    GetString(metadata, "name"),
                    GetString(GetObject(item, "spec"), "nodeName"),
                    GetString(GetObject(item, "status"), "phase"),
                    IsStale(item, now)});
  }
  return pods;
}

std::vector<std::string> RemoveStaleProbePods(kube::Api& api,
                                              const std::string& namespace_name,
                                              std::int64_t now) {
  const auto pods = ListProbePods(api, namespace_name, now);
  if (!pods) {
    return {fmt::format("probe pods that earlier runs left in namespace {} can't be looked for: {}",
                        namespace_name,
                        pods.error().message)};
  }
  std::vector<std::string> problems;
  for (const ProbePod& pod : *pods) {
    if (pod.stale) {
      std::string problem = DeleteProbePod(api, pod.namespace_name, pod.name, PodKnowledge::kEnded);
      if (!problem.empty()) {
        problems.push_back(std::move(problem));
      }
    }
  }
  return problems;
}

}  // namespace netcheck::probe_pod
