#include "protocol/port_range.h"

#include <charconv>
#include <optional>
#include <string>

namespace netcheck::protocol {
namespace {

std::string_view Trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

std::optional<int> ParsePort(std::string_view text) {
  text = Trim(text);
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port < 0 ||
      port > LocalPorts::kMaxPort) {
    return std::nullopt;
  }
  return port;
}

struct Span {
  int low;
  int high;
};

/// "a<separator>b" with a <= b, or "a".
std::optional<Span> ParseSpan(std::string_view text, std::string_view separators) {
  text = Trim(text);
  const auto middle = text.find_first_of(separators);
  const auto low = ParsePort(text.substr(0, middle));
  const auto high = middle == std::string_view::npos ? low : ParsePort(text.substr(middle + 1));
  if (!low || !high || *low > *high) {
    return std::nullopt;
  }
  return Span{*low, *high};
}

}  // namespace

Result<LocalPorts> LocalPorts::Parse(std::string_view range, std::string_view reserved) {
  const auto span = ParseSpan(range, " \t");
  if (!span || span->low == 0) {
    return Error{"ip_local_port_range: cannot read \"" + std::string(range) + "\""};
  }
  LocalPorts ports;
  ports.low_ = span->low;
  ports.high_ = span->high;
  std::string_view rest = Trim(reserved);
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const auto part = ParseSpan(rest.substr(0, comma), "-");
    if (!part) {
      return Error{"ip_local_reserved_ports: cannot read \"" + std::string(reserved) + "\""};
    }
    for (int port = part->low; port <= part->high; ++port) {
      ports.reserved_.set(static_cast<std::size_t>(port));
    }
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return ports;
}

}  // namespace netcheck::protocol
