#pragma once

#include <string>

#include "kube/api.h"

namespace netcheck::probe_pod {

/// What is known of a pod that is to be deleted.
enum class PodKnowledge {
  kMayAppear,  ///< Its creation was cut off: not there yet does not mean that it won't be.
  kRuns,       ///< kubelet ends its process first.
  kEnded,      ///< It has done its work, so that the object may vanish at once.
};

/// Deletes one probe pod, after Ctrl-C as well. A pod that is gone already counts as deleted.
/// Returns "", or why it still exists and how to delete it by hand.
std::string DeleteProbePod(kube::Api& api,
                           const std::string& namespace_name,
                           const std::string& name,
                           PodKnowledge knowledge);

}  // namespace netcheck::probe_pod
