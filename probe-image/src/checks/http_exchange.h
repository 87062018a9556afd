#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "checks/byte_stream.h"
#include "checks/http_response.h"

namespace netcheck::probe {

/// What came of one request on one connection.
struct ExchangeResult {
  enum class Status {
    kResponse,
    kExpired,  ///< Before the response's head was complete.
    kStopped,
    kFailed,  ///< Before the response's head was complete.
    /// The server did not take the request, which Go then sends again on a new connection. HTTP/2.
    kRetry,
  };
  Status status = Status::kResponse;
  std::string error;  ///< When failed: Go's words.
  HttpResponse response;
  /// Why the body could not be read to its end or limit: Go's words; "" if it could.
  std::string body_error;
  bool request_sent = false;
};

/// Go's limit for the heads of all responses on a connection (src/net/http/transport.go).
inline constexpr std::size_t kMaxHeadBytes = 10U << 20U;

struct ExchangeOptions {
  std::string request;  ///< From SerializeHttp1(); HTTP/1 only.
  /// Called when the first byte of the response is there.
  std::function<void()> on_first_byte;
  /// Called when the head is complete: how much of the body to read, at most
  /// kMaxBodyBytes.
  std::function<std::size_t(const HttpResponse&)> body_limit;
};

/// Sends a request and reads the response, HTTP/1 (src/net/http/transport.go, persistConn).
ExchangeResult ExchangeHttp1(ByteStream& stream,
                             const ExchangeOptions& options,
                             const Patience& patience);

}  // namespace netcheck::probe
