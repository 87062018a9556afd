#include "kube/rfc3339.h"

namespace netcheck::kube {
namespace {

/// Takes `digits` digits and the character after them off the front; `after` 0: no character.
std::optional<std::int64_t> Take(std::string_view& text, std::size_t digits, char after) {
  if (text.size() < digits + (after == 0 ? 0 : 1)) {
    return std::nullopt;
  }
  std::int64_t value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') {
      return std::nullopt;
    }
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  if (after != 0) {
    if (text.front() != after) {
      return std::nullopt;
    }
    text.remove_prefix(1);
  }
  return value;
}

/// Days since 1970-01-01 in the Gregorian calendar; years are counted from March, so that the leap
/// day is a year's last.
std::int64_t DaysSinceEpoch(std::int64_t year, std::int64_t month, std::int64_t day) {
  const std::int64_t shifted_year = month > 2 ? year : year - 1;
  const std::int64_t shifted_month = month > 2 ? month - 3 : month + 9;
  const std::int64_t day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
  constexpr std::int64_t kDaysToEpoch = 719468;
  return shifted_year * 365 + shifted_year / 4 - shifted_year / 100 + shifted_year / 400 +
         day_of_year - kDaysToEpoch;
}

/// "Z" or "+02:00" in seconds.
std::optional<std::int64_t> TakeOffset(std::string_view text) {
  if (text == "Z" || text == "z") {
    return 0;
  }
  if (text.empty() || (text[0] != '+' && text[0] != '-')) {
    return std::nullopt;
  }
  const std::int64_t sign = text[0] == '+' ? 1 : -1;
  text.remove_prefix(1);
  const auto hours = Take(text, 2, ':');
  const auto minutes = hours ? Take(text, 2, 0) : std::nullopt;
  if (!minutes || !text.empty()) {
    return std::nullopt;
  }
  return sign * (*hours * 3600 + *minutes * 60);
}

}  // namespace

std::optional<std::int64_t> ParseRfc3339(std::string_view text) {
  const auto year = Take(text, 4, '-');
  const auto month = year ? Take(text, 2, '-') : std::nullopt;
  const auto day = month ? Take(text, 2, 'T') : std::nullopt;
  const auto hour = day ? Take(text, 2, ':') : std::nullopt;
  const auto minute = hour ? Take(text, 2, ':') : std::nullopt;
  const auto second = minute ? Take(text, 2, 0) : std::nullopt;
  if (!second || *month < 1 || *month > 12 || *day < 1 || *day > 31) {
    return std::nullopt;
  }
  if (!text.empty() && text[0] == '.') {
    const std::size_t end = text.find_first_not_of("0123456789", 1);
    text = end == std::string_view::npos ? "" : text.substr(end);
  }
  const auto offset = TakeOffset(text);
  if (!offset) {
    return std::nullopt;
  }
  return DaysSinceEpoch(*year, *month, *day) * 86400 + *hour * 3600 + *minute * 60 + *second -
         *offset;
}

}  // namespace netcheck::kube
