#pragma once

#include <chrono>
#include <functional>

#include "kube/api.h"

namespace netcheck::probe_pod {

/// Watches one pod, from the state `pod` on, until `done` accepts a state or `limit` has passed.
/// Returns the last state seen; a pod that was removed comes with a deletionTimestamp. A watch that
/// ends or breaks is taken up again; the error is what stayed broken.
kube::ApiResult<protocol::Json> WatchPod(
    kube::Api& api,
    const protocol::Json& pod,
    std::chrono::seconds limit,
    const std::function<bool(const protocol::Json& pod)>& done);

}  // namespace netcheck::probe_pod
