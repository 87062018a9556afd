#pragma once

#include <algorithm>
#include <chrono>

#include "kube/api.h"
#include "os/os.h"

namespace netcheck::probe_pod {

/// Whether the same request may succeed later: the connection was lost, or the server is busy.
inline bool IsTransient(const kube::ApiError& error) {
  switch (error.failure) {
    case kube::Failure::kUnreachable:
    case kube::Failure::kTimeout:
    case kube::Failure::kServer:
      return true;
    default:
      return false;
  }
}

/// Pauses between tries that double from 100 ms to 1.6 s.
class Backoff {
 public:
  /// `max_failures` tries in a row may fail.
  explicit Backoff(int max_failures) : max_failures_(max_failures) {}

  /// Waits before the next try; false: there is none.
  bool Wait() {
    if (failures_ == max_failures_) {
      return false;
    }
    os::Sleep(std::chrono::milliseconds(kFirstPauseMs << std::min(failures_, kMaxDoublings)));
    ++failures_;
    return true;
  }
  /// Something succeeded.
  void Reset() { failures_ = 0; }

 private:
  static constexpr int kFirstPauseMs = 100;
  static constexpr int kMaxDoublings = 4;
  int max_failures_;
  int failures_ = 0;
};

}  // namespace netcheck::probe_pod
