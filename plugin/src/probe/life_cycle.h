#pragma once

#include <chrono>
#include <string>

#include "kube/api.h"
#include "probe/observer.h"
#include "protocol/report.h"

namespace netcheck::probe_pod {

struct RunOutcome {
  /// What was read, which may be nothing.
  protocol::ProbeReport report;
  /// Why it isn't the whole report, as one sentence; "" when it is.
  std::string problem;
  bool interrupted = false;
  /// Set when the pod could not be deleted: why, and how to do it by hand.
  std::string leftover;
};

/// Creates `pod` (BuildProbePod), waits until it runs, follows its log up to the probe's last fact,
/// across broken connections, and deletes it whatever happened, an interrupt included.
/// A node that has not started it after `start_limit` is given up.
RunOutcome RunProbe(kube::Api& api,
                    const protocol::Json& pod,
                    std::chrono::seconds start_limit,
                    Observer& observer);

}  // namespace netcheck::probe_pod
