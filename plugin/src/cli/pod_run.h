#pragma once

#include "cli/probe_run.h"
#include "probe/observer.h"

namespace netcheck::cli {

/// Looks at the pod, runs the probe on its node, and looks again.
LiveEvidence CollectEvidence(const PodOptions& options,
                             const Cluster& cluster,
                             probe_pod::Observer& observer);

}  // namespace netcheck::cli
