#pragma once

#include <string>
#include <string_view>

#include "checks/http_header.h"

namespace netcheck::probe {

/// Reads the header lines of a response or of a chunked body's trailer, with Go's rules for
/// folding, names and values, and Go's error texts (src/net/textproto/reader.go).
class MimeHeaderReader {
 public:
  enum class State { kMore, kEnd, kFailed };

  /// The next line, without its end; the empty line ends the header.
  State AddLine(std::string_view line);

  /// Of the fields that matter to an HTTP check (framing, Location, Server), the others are
  /// checked and dropped.
  [[nodiscard]] const HttpHeaders& headers() const { return headers_; }
  /// When failed: why.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  bool FinishField();
  State Fail(std::string error);

  HttpHeaders headers_;
  std::string error_;
  std::string field_;  ///< A field that the next line may continue.
  bool first_ = true;
};

}  // namespace netcheck::probe
