#pragma once

#include <string>

#include "protocol/json_fwd.h"

namespace netcheck::probe_pod {

enum class PodStage {
  kWaiting,   ///< Not started yet, and nothing says that it won't be.
  kRunning,   ///< Its log can be followed.
  kFinished,  ///< It has run; its whole log can be read.
  kBroken,    ///< It will never run, or was ended by somebody other than itself.
};

struct PodState {
  PodStage stage = PodStage::kWaiting;
  /// What Kubernetes says: "ErrImagePull: ...", "OOMKilled"; "" when there is nothing to say.
  std::string reason;
  /// What the user can do about it; "" when that isn't known.
  std::string hint;
  /// The container has run, so that it may have left a log.
  bool has_run = false;
  /// Of the terminated container; -1 otherwise.
  int exit_code = -1;
};

/// Judges a v1.Pod as the API server returns it. Pure.
PodState JudgePod(const protocol::Json& pod);

}  // namespace netcheck::probe_pod
