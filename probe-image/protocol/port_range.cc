#include "protocol/port_range.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace netcheck::protocol {
namespace {

constexpr int kMaxPort = 65535;

std::string_view Trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

std::optional<int> ParsePort(std::string_view text) {
  text = Trim(text);
  const char* end = text.data() + text.size();
  int port = 0;
  const auto parsed = std::from_chars(text.data(), end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end || port < 0 || port > kMaxPort) {
    return std::nullopt;
  }
  return port;
}

/// "a<separator>b" with a <= b, or "a".
std::optional<PortInterval> ParseInterval(std::string_view text, std::string_view separators) {
  text = Trim(text);
  const auto middle = text.find_first_of(separators);
  const auto first = ParsePort(text.substr(0, middle));
  const auto last = middle == std::string_view::npos ? first : ParsePort(text.substr(middle + 1));
  if (!first || !last || *first > *last) {
    return std::nullopt;
  }
  return PortInterval{*first, *last};
}

}  // namespace

bool PortRange::Reserved(int port) const {
  return std::any_of(reserved.begin(), reserved.end(), [port](const PortInterval& interval) {
    return interval.Contains(port);
  });
}

Result<PortRange> ParsePortRange(std::string_view local, std::string_view reserved) {
  PortRange range;
  const std::string_view bounds = Trim(local);
  const auto interval = ParseInterval(bounds, " \t");
  if (!interval || bounds.find_first_of(" \t") == std::string_view::npos) {
    return Error{"malformed ip_local_port_range: " + std::string(bounds)};
  }
  range.local = *interval;
  for (std::string_view rest = Trim(reserved); !rest.empty();) {
    const auto comma = rest.find(',');
    const auto part = ParseInterval(rest.substr(0, comma), "-");
    if (!part) {
      return Error{"malformed ip_local_reserved_ports: " + std::string(Trim(reserved))};
    }
    range.reserved.push_back(*part);
    rest = comma == std::string_view::npos ? std::string_view() : Trim(rest.substr(comma + 1));
  }
  return range;
}

}  // namespace netcheck::protocol
