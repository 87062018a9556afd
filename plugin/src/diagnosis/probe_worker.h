#pragma once

#include <optional>
#include <vector>

#include "model/evidence.h"

// kubelet's prober as a model. Pure.
namespace netcheck::diagnosis {

/// What kubelet's worker for one probe of one container makes of a series of attempts
/// (pkg/kubelet/prober/worker.go, doProbe).
class ProbeWorker {
 public:
  /// Of one attempt; a warning is a success. kError: the prober returned an error beside its
  /// result, three times in a row: kubelet throws such an attempt away.
  enum class Outcome { kSuccess, kFailure, kError };
  /// The result that holds, which the pod's status and the restart of the container go by.
  enum class Stored { kUnknown, kSuccess, kFailure };

  explicit ProbeWorker(const model::Probe& probe);

  /// The container is running, and its probe was made once more. Without effect while on hold.
  void Observe(Outcome outcome);
  [[nodiscard]] Stored stored() const { return stored_; }
  /// Nothing is probed any more before the container's next start: it failed its liveness or
  /// startup probe and is being restarted, or its startup probe succeeded.
  [[nodiscard]] bool on_hold() const { return on_hold_; }

 private:
  [[nodiscard]] static Stored Initial(model::ProbeType type);

  model::ProbeType type_;
  int failure_threshold_;
  int success_threshold_;
  Stored stored_;
  Outcome last_ = Outcome::kError;  ///< kError: none yet.
  int run_ = 0;                     ///< How many times in a row.
  bool on_hold_ = false;
};

/// A probe of a container whose attempts all end alike.
struct UniformProbe {
  const model::Probe* probe = nullptr;
  ProbeWorker::Outcome outcome = ProbeWorker::Outcome::kSuccess;
  double seconds = 0;  ///< One attempt takes this long.
};

/// What becomes of a container that starts at 0 with these probes, at most one of each type.
struct Outlook {
  std::optional<double> ready_s;    ///< nullopt: never.
  std::optional<double> restart_s;  ///< nullopt: never.
  model::ProbeType restarted_by = model::ProbeType::kUnknown;
};

/// From the start to the restart, or until nothing changes any more. kubelet's workers tick since
/// the pod was added, not since the container was started: `since_tick_s` ago was a tick of all.
/// kubelet's own start, which delays first attempts at random, is taken to lie long before.
Outlook SimulateStart(const std::vector<UniformProbe>& probes, double since_tick_s = 0);

}  // namespace netcheck::diagnosis
