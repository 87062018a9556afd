#include "probe/pod_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "protocol/json_fields.h"

namespace netcheck::probe_pod {
namespace {

using protocol::GetArray;
using protocol::GetInt;
using protocol::GetObject;
using protocol::GetString;
using protocol::Json;

constexpr int kExitByKill = 137;

/// Waiting reasons after which kubelet only tries the same again
/// (pkg/kubelet/images/types.go, pkg/kubelet/kuberuntime/kuberuntime_container.go).
constexpr std::array<std::string_view, 7> kImageReasons = {"ErrImagePull",
                                                           "ImagePullBackOff",
                                                           "ErrImageNeverPull",
                                                           "InvalidImageName",
                                                           "ImageInspectError",
                                                           "RegistryUnavailable",
                                                           "SignatureValidationFailed"};
constexpr std::array<std::string_view, 5> kCreateReasons = {"CreateContainerConfigError",
                                                            "CreateContainerError",
                                                            "RunContainerError",
                                                            "PreCreateHookError",
                                                            "CrashLoopBackOff"};

template <std::size_t N>
bool Contains(const std::array<std::string_view, N>& reasons, std::string_view reason) {
  return std::find(reasons.begin(), reasons.end(), reason) != reasons.end();
}

std::string Join(const std::string& reason, const std::string& message) {
  if (reason.empty() || message.empty()) {
    return reason + message;
  }
  return fmt::format("{}: {}", reason, message);
}

/// The first container's state, {} before there is one.
const Json& ContainerState(const Json& status) {
  static const Json kNone = Json::object();
  const Json& statuses = GetArray(status, "containerStatuses");
  return GetObject(statuses.empty() ? kNone : statuses.front(), "state");
}

void JudgeWaiting(const Json& waiting, PodState& state) {
  const std::string reason = GetString(waiting, "reason");
  state.reason = Join(reason, GetString(waiting, "message"));
  if (Contains(kImageReasons, reason)) {
    state.stage = PodStage::kBroken;
    state.hint = "name an image that the node can get with --image";
  } else if (Contains(kCreateReasons, reason)) {
    state.stage = PodStage::kBroken;
  }
}

void JudgeTerminated(const Json& terminated, PodState& state) {
  const std::string reason = GetString(terminated, "reason");
  state.stage = PodStage::kFinished;
  state.has_run = true;
  state.exit_code = GetInt(terminated, "exitCode");
  if (reason == "OOMKilled") {
    state.reason = "OOMKilled: the probe needed more memory than its limit allows";
  } else if (reason == "StartError" || reason == "ContainerCannotRun") {
    state.stage = PodStage::kBroken;
    state.has_run = false;
    state.reason = Join(reason, GetString(terminated, "message"));
    state.hint = "the image is not a netcheck probe for this node's architecture; see --image";
  } else if (state.exit_code == kExitByKill) {
    state.reason = "it was killed";
  } else if (state.exit_code != 0) {
    state.reason = Join(fmt::format("it ended with exit code {}", state.exit_code),
                        GetString(terminated, "message"));
  }
}

/// status.reason of a failed pod: kubelet's rejections and evictions.
void JudgeFailedPod(const Json& status, PodState& state) {
  const std::string reason = GetString(status, "reason");
  if (reason.empty()) {
    return;
  }
  state.stage = PodStage::kBroken;
  state.reason = Join(reason, GetString(status, "message"));
  if (reason == "DeadlineExceeded") {
    state.hint = "the run took longer than its plan allows; see --timeout";
  } else if (reason == "Evicted") {
    state.hint = "the node is short of a resource";
  }
}

}  // namespace

PodState JudgePod(const Json& pod) {
  PodState state;
  const Json& status = GetObject(pod, "status");
  const Json& container = ContainerState(status);
  if (container.contains("running")) {
    state.stage = PodStage::kRunning;
    state.has_run = true;
  } else if (container.contains("terminated")) {
    JudgeTerminated(container["terminated"], state);
  } else if (container.contains("waiting")) {
    JudgeWaiting(container["waiting"], state);
  }
  const std::string phase = GetString(status, "phase");
  if (phase == "Failed") {
    if (state.stage != PodStage::kFinished) {
      state.stage = PodStage::kBroken;
    }
    JudgeFailedPod(status, state);
  }
  if (GetObject(pod, "metadata").contains("deletionTimestamp") &&
      state.stage != PodStage::kFinished) {
    state.stage = PodStage::kBroken;
    state.reason = "somebody deleted it";
    state.hint.clear();
  }
  return state;
}

}  // namespace netcheck::probe_pod
