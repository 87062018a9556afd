#include "checks/http2_code.h"

#include <array>
#include <cstdio>

namespace netcheck::probe {

std::string Http2CodeName(std::uint32_t code) {
  static constexpr std::array<const char*, 14> kNames = {"NO_ERROR",
                                                         "PROTOCOL_ERROR",
                                                         "INTERNAL_ERROR",
                                                         "FLOW_CONTROL_ERROR",
                                                         "SETTINGS_TIMEOUT",
                                                         "STREAM_CLOSED",
                                                         "FRAME_SIZE_ERROR",
                                                         "REFUSED_STREAM",
                                                         "CANCEL",
                                                         "COMPRESSION_ERROR",
                                                         "CONNECT_ERROR",
                                                         "ENHANCE_YOUR_CALM",
                                                         "INADEQUATE_SECURITY",
                                                         "HTTP_1_1_REQUIRED"};
  if (code < kNames.size()) {
    return kNames[code];
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "unknown error code 0x%x", code);
  return text.data();
}

}  // namespace netcheck::probe
