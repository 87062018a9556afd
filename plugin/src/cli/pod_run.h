#pragma once

#include <optional>
#include <string>

#include "cli/commands.h"
#include "model/evidence.h"
#include "probe/observer.h"

namespace netcheck::cli {

/// Evidence of one live run, as far as it got.
struct LiveEvidence {
  /// Its `problem` also tells why there is none at all.
  model::Evidence evidence;
  /// The probe reported something, so that a diagnosis can be made.
  bool usable = false;
};

/// Looks at the pod, runs the probe on its node, and looks again.
LiveEvidence CollectEvidence(const PodOptions& options,
                             const Cluster& cluster,
                             probe_pod::Observer& observer);

}  // namespace netcheck::cli
