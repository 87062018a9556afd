#include "checks/host_port.h"

#include <cstddef>

namespace netcheck::probe {

std::string JoinHostPort(std::string_view host, std::string_view port) {
  std::string joined(host);
  if (host.find(':') != std::string_view::npos) {
    joined = "[" + joined + "]";
  }
  return joined.append(":").append(port);
}

HostPort SplitHostPort(const std::string& text) {
  const auto fault = [&](const char* why) {
    return HostPort{"", "", "address " + text + ": " + why};
  };
  constexpr const char* kMissingPort = "missing port in address";
  constexpr const char* kTooManyColons = "too many colons in address";
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    return fault(kMissingPort);
  }
  HostPort split{text.substr(0, colon), text.substr(colon + 1), ""};
  std::size_t after_open = 0;
  std::size_t close = 0;
  if (text[0] == '[') {
    close = text.find(']');
    if (close == std::string::npos) {
      return fault("missing ']' in address");
    }
    if (close + 1 != colon) {
      return fault(text[close + 1] == ':' ? kTooManyColons : kMissingPort);
    }
    split.host = text.substr(1, close - 1);
    after_open = 1;
    ++close;
  } else if (split.host.find(':') != std::string::npos) {
    return fault(kTooManyColons);
  }
  if (text.find('[', after_open) != std::string::npos) {
    return fault("unexpected '[' in address");
  }
  if (text.find(']', close) != std::string::npos) {
    return fault("unexpected ']' in address");
  }
  return split;
}

}  // namespace netcheck::probe
