#pragma once

#include <cstdint>
#include <string>

namespace netcheck::probe {

/// Error codes of HTTP/2 that decisions depend on (RFC 9113 §7).
inline constexpr std::uint32_t kHttp2NoError = 0x0;
inline constexpr std::uint32_t kHttp2ProtocolError = 0x1;
inline constexpr std::uint32_t kHttp2FrameSizeError = 0x6;
inline constexpr std::uint32_t kHttp2RefusedStream = 0x7;
inline constexpr std::uint32_t kHttp2Cancel = 0x8;

/// Go's name of an error code: "PROTOCOL_ERROR", "unknown error code 0x2a"
/// (golang.org/x/net/http2/errors.go, ErrCode.String).
std::string Http2CodeName(std::uint32_t code);

}  // namespace netcheck::probe
