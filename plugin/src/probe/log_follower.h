#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "kube/api.h"
#include "probe/observer.h"
#include "protocol/stream.h"

namespace netcheck::probe_pod {

/// The probe says something at least every 5 s (PROTOCOL.md, "Order").
inline constexpr std::chrono::seconds kLogIdleLimit{15};

/// Reads the log of the probe into a StreamReader. pods/log knows no offset: each connection starts
/// at the log's beginning, and the reader drops what it has already.
class LogFollower {
 public:
  LogFollower(kube::Api& api,
              std::string log_path,
              protocol::StreamReader& stream,
              Observer& observer)
      : api_(api), log_path_(std::move(log_path)), stream_(stream), observer_(observer) {}

  /// One connection: until the probe's last fact, the end of the log, or kLogIdleLimit of silence.
  /// `follow`: wait for more at the end of the log.
  kube::ApiResult<void> Read(bool follow);

 private:
  bool TakeLine(std::string_view line);

  kube::Api& api_;
  std::string log_path_;
  protocol::StreamReader& stream_;
  Observer& observer_;
};

}  // namespace netcheck::probe_pod
