#include "kube/request_timeout.h"

#include <array>
#include <cstdint>
#include <string>
#include <utility>

namespace netcheck::kube {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr double kLongest = 1e12;  // milliseconds, 31 years: still exact in a double

constexpr std::array<std::pair<std::string_view, double>, 7> kMilliseconds = {{
    {"ns", 1e-6},
    {"us", 1e-3},
    {"µs", 1e-3},
    {"ms", 1.0},
    {"s", 1e3},
    {"m", 60e3},
    {"h", 3600e3},
}};

/// Takes "12" or "1.5" off the front.
std::optional<double> TakeNumber(std::string_view& text) {
  double value = 0;
  double scale = 1;
  bool any = false;
  bool fraction = false;
  while (!text.empty() && (kDigits.find(text[0]) != std::string_view::npos || text[0] == '.')) {
    if (text[0] == '.') {
      if (fraction) {
        return std::nullopt;
      }
      fraction = true;
    } else {
      any = true;
      value = value * 10 + (text[0] - '0');
      scale *= fraction ? 10 : 1;
    }
    text.remove_prefix(1);
  }
  return any ? std::optional(value / scale) : std::nullopt;
}

std::optional<double> TakeUnit(std::string_view& text) {
  const std::size_t length = text.find_first_of("0123456789.");
  const std::string_view unit = text.substr(0, length);
  for (const auto& [name, milliseconds] : kMilliseconds) {
    if (unit == name) {
      text.remove_prefix(unit.size());
      return milliseconds;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::milliseconds> ParseRequestTimeout(std::string_view text) {
  double total = 0;
  if (!text.empty() && text.find_first_not_of(kDigits) == std::string_view::npos) {
    total = *TakeNumber(text) * 1e3;
  } else if (text.empty()) {
    return std::nullopt;
  }
  while (!text.empty()) {
    const auto number = TakeNumber(text);
    const auto unit = number ? TakeUnit(text) : std::nullopt;
    if (!unit) {
      return std::nullopt;
    }
    total += *number * *unit;
  }
  if (total > kLongest) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(total));
}

}  // namespace netcheck::kube
