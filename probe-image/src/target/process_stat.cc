#include "target/process_stat.h"

#include "kernel/procfs_text.h"

namespace netcheck::probe {

std::optional<ProcessStat> ParseProcessStat(std::string_view text) {
  const auto name_end = text.rfind(')');
  if (name_end == std::string_view::npos) {
    return std::nullopt;
  }
  constexpr std::size_t kState = 0;
  constexpr std::size_t kSession = 6 - 3;
  constexpr std::size_t kStartTime = 22 - 3;
  const auto words = SplitWords(text.substr(name_end + 1));
  if (words.size() <= kStartTime || words[kState].size() != 1) {
    return std::nullopt;
  }
  const auto ticks = ParseDecimal(words[kStartTime]);
  if (!ticks || *ticks < 0) {
    return std::nullopt;
  }
  return ProcessStat{words[kState][0],
                     ParseDecimal(words[kSession]).value_or(0),
                     static_cast<std::uint64_t>(*ticks)};
}

}  // namespace netcheck::probe
