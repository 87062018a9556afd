#include "diagnosis/words.h"

#include <fmt/format.h>

#include "diagnosis/finding.h"

namespace netcheck::diagnosis {

std::string Count(std::int64_t n, std::string_view noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

std::string Duration(std::int64_t microseconds) {
  constexpr double kMicrosPerMilli = 1e3;
  constexpr double kMicrosPerSecond = 1e6;
  const auto value = static_cast<double>(microseconds);
  if (value >= kMicrosPerSecond) {
    return fmt::format("{:.2f} s", value / kMicrosPerSecond);
  }
  if (value >= 10 * kMicrosPerMilli) {
    return fmt::format("{:.0f} ms", value / kMicrosPerMilli);
  }
  return fmt::format("{:.2f} ms", value / kMicrosPerMilli);
}

std::string Span(double seconds) {
  constexpr double kMinute = 60;
  constexpr double kHour = 60 * kMinute;
  constexpr double kDay = 24 * kHour;
  if (seconds < 2 * kMinute) {
    return fmt::format("{:.0f} s", seconds);
  }
  if (seconds < 2 * kHour) {
    return fmt::format("{:.0f} min", seconds / kMinute);
  }
  return seconds < 2 * kDay ? fmt::format("{:.0f} h", seconds / kHour)
                            : fmt::format("{:.0f} days", seconds / kDay);
}

std::string NotSent(const std::vector<std::string>& headers) {
  return fmt::format(
      "The probe's headers {} carry credentials and were not sent, so kubelet may get another "
      "answer.",
      fmt::join(headers, ", "));
}

std::string Printable(std::string_view text) {
  constexpr unsigned char kFirstPrintable = 0x20;
  constexpr unsigned char kDelete = 0x7f;
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    shown += byte < kFirstPrintable || byte == kDelete ? fmt::format("\\x{:02x}", byte)
                                                       : std::string(1, c);
  }
  return shown;
}

std::string CommandLine(const std::vector<std::string>& command) {
  std::string line;
  for (const std::string& word : command) {
    line += (line.empty() ? "" : " ") + Printable(word);
  }
  return line;
}

const char* Name(Certainty certainty) {
  switch (certainty) {
    case Certainty::kProven:
      return "proven";
    case Certainty::kLikely:
      return "likely";
    case Certainty::kPossible:
      break;
  }
  return "possible";
}

const char* Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHealthy:
      return "healthy";
    case Verdict::kUnhealthy:
      return "unhealthy";
    case Verdict::kUndetermined:
      break;
  }
  return "undetermined";
}

}  // namespace netcheck::diagnosis
