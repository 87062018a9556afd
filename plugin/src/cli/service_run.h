#pragma once

#include "cli/probe_run.h"
#include "probe/observer.h"

namespace netcheck::cli {

/// Looks at the Service and its endpoints, connects to all of them from a node, and looks again.
LiveEvidence CollectEvidence(const ServiceOptions& options,
                             const Cluster& cluster,
                             probe_pod::Observer& observer);

}  // namespace netcheck::cli
