#include "probe/cleanup.h"

#include <fmt/format.h>

#include <cstdio>

#include "kube/object.h"
#include "kube/requests.h"
#include "probe/deletion.h"
#include "probe/pod_spec.h"

namespace netcheck::probe_pod {
namespace {

using kube::GetArray;
using kube::GetInt;
using kube::GetObject;
using kube::GetString;
using protocol::Json;

/// The clocks of this machine and of the cluster may differ by as much.
constexpr std::int64_t kClockMarginSeconds = 300;

bool IsStale(const Json& pod, std::int64_t now) {
  const std::string phase = GetString(GetObject(pod, "status"), "phase");
  if (phase == "Succeeded" || phase == "Failed") {
    return true;
  }
  const std::int64_t created =
      ParseTime(GetString(GetObject(pod, "metadata"), "creationTimestamp"));
  const int deadline = GetInt(GetObject(pod, "spec"), "activeDeadlineSeconds");
  return created != 0 && deadline != 0 && now > created + deadline + kClockMarginSeconds;
}

}  // namespace

std::int64_t ParseTime(const std::string& text) {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int length = 0;
  // NOLINTNEXTLINE(cert-err34-c): the length tells whether all of it was read.
  if (std::sscanf(text.c_str(),
                  "%4d-%2d-%2dT%2d:%2d:%2dZ%n",
                  &year,
                  &month,
                  &day,
                  &hour,
                  &minute,
                  &second,
                  &length) != 6 ||
      static_cast<std::size_t>(length) != text.size() || month < 1 || month > 12) {
    return 0;
  }
  // Days since 1970 in the proleptic Gregorian calendar, years counted from March.
  const std::int64_t shifted_year = month > 2 ? year : year - 1;
  const std::int64_t shifted_month = month > 2 ? month - 3 : month + 9;
  const std::int64_t days = 365 * shifted_year + shifted_year / 4 - shifted_year / 100 +
                            shifted_year / 400 + (153 * shifted_month + 2) / 5 + day - 1 - 719468;
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

kube::ApiResult<std::vector<ProbePod>> ListProbePods(kube::Api& api,
                                                     const std::string& namespace_name,
                                                     std::int64_t now) {
  const std::string selector = fmt::format(
      "{}={},{}={}", kNameLabel, kNameLabelValue, kManagedByLabel, kManagedByLabelValue);
  auto list = api.Call(
      kube::Get(namespace_name.empty() ? "/api/v1/pods" : kube::PodsPath(namespace_name),
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
      std::string problem = DeleteProbePod(api, pod.namespace_name, pod.name, /*ended=*/true);
      if (!problem.empty()) {
        problems.push_back(std::move(problem));
      }
    }
  }
  return problems;
}

}  // namespace netcheck::probe_pod
