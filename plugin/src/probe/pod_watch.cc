#include "probe/pod_watch.h"

#include <string>
#include <utility>

#include "kube/requests.h"
#include "os/os.h"
#include "probe/line_splitter.h"
#include "probe/retry.h"
#include "protocol/json_fields.h"

namespace netcheck::probe_pod {
namespace {

using protocol::GetObject;
using protocol::GetString;
using protocol::Json;
using Clock = std::chrono::steady_clock;

/// About 11 s.
constexpr int kMaxFailures = 10;

void MarkDeleted(Json& pod) {
  Json& metadata = pod["metadata"];
  if (!metadata.contains("deletionTimestamp")) {
    metadata["deletionTimestamp"] = os::Now();
  }
}

/// Takes one watch event over into `pod`; false: the watch has to start again from a fresh state.
bool TakeEvent(std::string_view line, Json& pod) {
  Json event = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!event.is_object()) {
    return false;
  }
  const std::string type = GetString(event, "type");
  if (type == "ERROR" || !GetObject(event, "object").contains("metadata")) {
    return false;
  }
  pod = std::move(event["object"]);
  if (type == "DELETED") {
    MarkDeleted(pod);
  }
  return true;
}

kube::Request WatchRequest(const Json& pod, std::chrono::seconds limit) {
  const Json& metadata = GetObject(pod, "metadata");
  return kube::Get(kube::PodsPath(GetString(metadata, "namespace")),
                   {{"watch", "true"},
                    {"fieldSelector", "metadata.name=" + GetString(metadata, "name")},
                    {"resourceVersion", GetString(metadata, "resourceVersion")},
                    {"timeoutSeconds", std::to_string(limit.count() + 1)}});
}

/// The present state, for a watch that has to start again.
kube::ApiResult<void> Refresh(kube::Api& api, Json& pod) {
  const Json& metadata = GetObject(pod, "metadata");
  auto fresh = api.Call(
      kube::Get(kube::PodPath(GetString(metadata, "namespace"), GetString(metadata, "name"))));
  if (fresh) {
    pod = *std::move(fresh);
  } else if (fresh.error().failure == kube::Failure::kNotFound) {
    MarkDeleted(pod);
  } else {
    return fresh.error();
  }
  return {};
}

}  // namespace

kube::ApiResult<Json> WatchPod(kube::Api& api,
                               const Json& pod,
                               std::chrono::seconds limit,
                               const std::function<bool(const Json& pod)>& done) {
  const auto deadline = Clock::now() + limit;
  Json current = pod;
  bool decided = done(current);
  Backoff backoff(kMaxFailures);
  while (!decided) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(deadline - Clock::now());
    if (left.count() <= 0) {
      break;
    }
    LineSplitter lines;
    auto ended = api.Stream(
        WatchRequest(current, left),
        [&](std::string_view data) {
          return lines.Add(data, [&](std::string_view line) {
            if (!TakeEvent(line, current)) {
              return false;
            }
            backoff.Reset();
            decided = done(current);
            return !decided;
          });
        },
        left);
    if (decided) {
      break;
    }
    if (ended && Clock::now() < deadline) {
      ended = Refresh(api, current);
      decided = ended.ok() && done(current);
    }
    // A server that ends every watch at once is asked more and more rarely, like one that is away.
    if (!decided && Clock::now() < deadline) {
      if (!ended && !IsTransient(ended.error())) {
        return ended.error();
      }
      if (!backoff.Wait()) {
        return ended ? kube::ApiError{kube::Failure::kServer,
                                      0,
                                      "",
                                      "the watch of the pod ends at once"}
                     : ended.error();
      }
    }
  }
  return current;
}

}  // namespace netcheck::probe_pod
