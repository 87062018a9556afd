#pragma once

#include <cstdint>
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

/// Unique enough for a pod's name, and short.
std::string RandomId();
std::uint64_t RandomNumber();

/// What the run of the probe on a node needs of its target, whatever that is.
struct RunTarget {
  std::string resource;  ///< "pods", "services": what must be readable.
  std::string namespace_name;
};

/// The probe pod for the plan in the evidence: makes sure that it can be run before anything is
/// done, and runs it.
class ProbeRun {
 public:
  /// All must outlive it.
  ProbeRun(const RunOptions& options,
           const Cluster& cluster,
           probe_pod::Observer& observer,
           LiveEvidence& live)
      : options_(options), api_(cluster.api), observer_(observer), live_(live) {}

  /// Where not even the target can be read: everything that is missing, at once.
  std::string DescribeForbidden(const RunTarget& target, const std::string& message);
  /// false: it can't be run on `node`, and the evidence's `problem` says why.
  bool Prepare(const RunTarget& target, const std::string& node);
  /// Fills the report. `live.usable` tells whether there is one.
  void Run();

 private:
  bool CheckRights(const RunTarget& target);
  bool Fail(std::string problem);

  const RunOptions& options_;
  kube::Api& api_;
  probe_pod::Observer& observer_;
  LiveEvidence& live_;
  std::string probe_namespace_;
  protocol::Json pod_;
};

}  // namespace netcheck::cli
