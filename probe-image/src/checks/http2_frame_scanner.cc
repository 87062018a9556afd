#include "checks/http2_frame_scanner.h"

#include <algorithm>

namespace netcheck::probe {
namespace {

/// Neither kubelet's HTTP transport nor its gRPC client takes larger frames than every HTTP/2
/// client must.
constexpr std::size_t kMaxPayload = 16384;

}  // namespace

std::size_t Http2FrameScanner::Feed(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && fault_.empty()) {
    if (payload_left_ > 0) {
      const std::size_t size = std::min(payload_left_, bytes.size() - at);
      at += size;
      payload_left_ -= size;
      payload_begun_ = payload_left_ > 0;
      continue;
    }
    header_[header_bytes_++] = bytes[at++];
    if (header_bytes_ == kHeaderBytes && !TakeHeader()) {
      return at - std::min(at, kHeaderBytes);
    }
  }
  return at;
}

/// False when the frame is too large.
bool Http2FrameScanner::TakeHeader() {
  header_bytes_ = 0;
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(header_[i]));
  };
  payload_left_ = byte(0) << 16U | byte(1) << 8U | byte(2);
  if (payload_left_ <= kMaxPayload) {
    return true;
  }
  // The odd verb is what the formatting of a missing error looks like.
  fault_ = std::string_view(header_.data(), header_.size()) == "HTTP/1.1 "
               ? "http2: failed reading the frame payload: %!w(<nil>), note that the frame header "
                 "looked like an HTTP/1.1 header"
               : "http2: frame too large";
  return false;
}

}  // namespace netcheck::probe
