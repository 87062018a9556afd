#include "gather/port_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace netcheck::gather {
namespace {

using protocol::PortPlanKind;

constexpr int kMaxPort = 65535;
/// A plan is one argument of a process; more ports are the business of a sweep.
constexpr std::size_t kMaxListed = 10000;

constexpr std::pair<std::string_view, PortPlanKind> kNames[] = {
    {"", PortPlanKind::kUnknown},
    {"kubelet", PortPlanKind::kKubelet},
    {"spread", PortPlanKind::kSpread},
    {"suspects", PortPlanKind::kSuspects},
    {"sweep", PortPlanKind::kSweep}};

std::optional<int> ParsePort(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port < 1 || port > kMaxPort) {
    return std::nullopt;
  }
  return port;
}

/// "40000" or "41000-41100"
std::optional<std::pair<int, int>> ParseRange(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = ParsePort(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : ParsePort(text.substr(dash + 1));
  if (!first || !last || *first > *last) {
    return std::nullopt;
  }
  return std::pair(*first, *last);
}

}  // namespace

protocol::Result<PortChoice> ParsePortChoice(const std::string& text) {
  for (const auto& [name, kind] : kNames) {
    if (text == name) {
      return PortChoice{kind, {}};
    }
  }
  PortChoice choice{PortPlanKind::kList, {}};
  std::set<int> seen;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    const auto range = ParseRange(std::string_view(text).substr(start, comma - start));
    if (!range) {
      return protocol::Error{
          fmt::format("--ports \"{}\": must be kubelet, spread, suspects, sweep, or a list of "
                      "source ports from "
                      "1 to 65535 such as 40000,40002,41000-41100",
                      text)};
    }
    for (int port = range->first; port <= range->second; ++port) {
      if (seen.insert(port).second) {
        choice.list.push_back(port);
      }
    }
    start = comma + 1;
  }
  if (choice.list.size() > kMaxListed) {
    return protocol::Error{
        fmt::format("--ports lists {} ports, {} are possible: --ports sweep tries the whole range",
                    choice.list.size(),
                    kMaxListed)};
  }
  return choice;
}

}  // namespace netcheck::gather
