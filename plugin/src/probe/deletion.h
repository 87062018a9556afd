#pragma once

#include <string>

#include "kube/api.h"

namespace netcheck::probe_pod {

/// Deletes one probe pod, after Ctrl-C as well. A pod that is gone already counts as deleted.
/// `ended`: the probe has done its work, so that the object may vanish at once; otherwise kubelet
/// ends the process first. Returns "", or why it still exists and how to delete it by hand.
std::string DeleteProbePod(kube::Api& api,
                           const std::string& namespace_name,
                           const std::string& name,
                           bool ended);

}  // namespace netcheck::probe_pod
