#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

// Status codes and texts of gRPC as grpc-go has them. Pure.
namespace netcheck::probe {

/// grpc-go's codes; others may come from a server.
enum class GrpcCode : std::uint32_t {
  kOk = 0,
  kCanceled = 1,
  kUnknown = 2,
  kDeadlineExceeded = 4,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kUnauthenticated = 16,
};

struct GrpcStatus {
  GrpcCode code = GrpcCode::kOk;
  std::string message;
};

/// "NotFound", "Code(99)" (codes/code_string.go).
std::string GrpcCodeName(GrpcCode code);
/// "rpc error: code = NotFound desc = unknown service" (internal/status).
std::string GrpcErrorText(const GrpcStatus& status);
/// internal/transport/http_util.go, HTTPStatusConvTab
GrpcCode CodeOfHttpStatus(int status);
/// Of a stream that ended with an HTTP/2 error code (http_util.go, http2ErrConvTab).
GrpcCode CodeOfHttp2Error(std::uint32_t code);
/// Go's http.StatusText: "Not Found", "" for an unknown one.
std::string HttpStatusText(int status);
/// The value of a grpc-message field without its percent-escapes (decodeGrpcMessage).
std::string DecodeGrpcMessage(std::string_view text);
/// Whether a content-type is gRPC's (internal/grpcutil/method.go, ContentSubtype).
bool IsGrpcContentType(std::string_view value);
/// The value of a grpc-timeout field: at most 8 digits and a unit, rounded up (EncodeDuration).
std::string EncodeGrpcTimeout(std::chrono::nanoseconds timeout);
/// Go's time.Duration.String: "1s", "1m30s", "1.5s", "20ms".
std::string GoDuration(std::chrono::milliseconds duration);

}  // namespace netcheck::probe
