#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "checks/patience.h"

namespace netcheck::probe {

struct IoResult {
  enum class Status {
    kOk,
    kEnd,      ///< The peer sent its last byte.
    kExpired,  ///< Patience ran out.
    kStopped,  ///< The stop hook said so.
    kFailed,
  };
  Status status = Status::kOk;
  std::size_t bytes = 0;  ///< Moved, also when it did not end well.
  /// When failed: Go's words, "read tcp 10.0.0.1:45678->10.0.0.5:8080: read: connection reset by
  /// peer".
  std::string error;

  [[nodiscard]] bool ok() const { return status == Status::kOk; }
};

/// A connection: plain, encrypted, or scripted by a test. What speaks HTTP knows only this.
class ByteStream {
 public:
  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  virtual ~ByteStream() = default;

  /// Waits for at least one byte.
  virtual IoResult Read(std::span<char> buffer, const Patience& patience) = 0;
  /// Writes everything.
  virtual IoResult Write(std::string_view bytes, const Patience& patience) = 0;
};

}  // namespace netcheck::probe
