#include "kernel/port_range.h"

#include <algorithm>
#include <string>

#include "kernel/procfs_text.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Result;

constexpr int kMaxPort = 65535;

Result<PortInterval> MakeInterval(std::string_view first, std::string_view last) {
  const auto low = ParseDecimal(first);
  const auto high = ParseDecimal(last);
  if (!low || !high || *low < 0 || *high > kMaxPort || *low > *high) {
    return Error{"malformed port range: " + std::string(first) + "-" + std::string(last), 0};
  }
  return PortInterval{static_cast<int>(*low), static_cast<int>(*high)};
}

}  // namespace

bool PortRange::Reserved(int port) const {
  return std::any_of(reserved.begin(), reserved.end(), [port](const PortInterval& interval) {
    return interval.Contains(port);
  });
}

Result<PortRange> ParsePortRange(std::string_view local, std::string_view reserved) {
  const auto bounds = SplitWords(local);
  if (bounds.size() != 2) {
    return Error{"malformed ip_local_port_range: " + std::string(local.substr(0, 40)), 0};
  }
  const auto interval = MakeInterval(bounds[0], bounds[1]);
  if (!interval) {
    return interval.error();
  }
  PortRange range{*interval, {}};
  reserved = Trim(reserved);
  while (!reserved.empty()) {
    const auto comma = reserved.find(',');
    const auto item = reserved.substr(0, comma);
    reserved.remove_prefix(comma == std::string_view::npos ? reserved.size() : comma + 1);
    const auto dash = item.find('-');
    const auto last = dash == std::string_view::npos ? item : item.substr(dash + 1);
    const auto ports = MakeInterval(item.substr(0, dash), last);
    if (!ports) {
      return ports.error();
    }
    range.reserved.push_back(*ports);
  }
  return range;
}

}  // namespace netcheck::probe
