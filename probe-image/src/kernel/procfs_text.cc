#include "kernel/procfs_text.h"

#include <charconv>

namespace netcheck::probe {
namespace {

constexpr std::string_view kBlanks = " \t\n\r";

template <typename T>
std::optional<T> ParseNumber(std::string_view text, int base) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (text.empty() || error != std::errc() || stop != end) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::vector<std::string_view> SplitWords(std::string_view text) {
  std::vector<std::string_view> words;
  for (auto start = text.find_first_not_of(kBlanks); start != std::string_view::npos;) {
    const auto end = text.find_first_of(kBlanks, start);
    words.push_back(text.substr(start, end - start));
    start = end == std::string_view::npos ? end : text.find_first_not_of(kBlanks, end);
  }
  return words;
}

std::vector<std::string_view> SplitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::optional<std::int64_t> ParseDecimal(std::string_view text) {
  return ParseNumber<std::int64_t>(text, 10);
}

std::optional<std::uint64_t> ParseHex(std::string_view text) {
  return ParseNumber<std::uint64_t>(text, 16);
}

std::optional<int> ParseHexPort(std::string_view text) {
  const auto value = ParseHex(text);
  if (!value || *value > 65535) {
    return std::nullopt;
  }
  return static_cast<int>(*value);
}

std::string_view Trim(std::string_view text) {
  const auto start = text.find_first_not_of(kBlanks);
  if (start == std::string_view::npos) {
    return {};
  }
  return text.substr(start, text.find_last_not_of(kBlanks) - start + 1);
}

}  // namespace netcheck::probe
