#include "target/cpu_stat.h"

#include <map>

#include "kernel/procfs_text.h"

namespace netcheck::probe {

using protocol::Error;
using protocol::Result;

Result<CpuStat> ParseCpuStat(std::string_view text) {
  std::map<std::string_view, std::int64_t> values;
  for (const auto line : SplitLines(text)) {
    const auto words = SplitWords(line);
    const auto value = words.size() == 2 ? ParseDecimal(words[1]) : std::nullopt;
    if (value) {
      values[words[0]] = *value;
    }
  }
  const bool v1 = values.contains("throttled_time");
  if (!values.contains("nr_periods") || !values.contains("nr_throttled") ||
      !(v1 || values.contains("throttled_usec"))) {
    return Error{"no bandwidth statistics in cpu.stat", 0};
  }
  constexpr std::int64_t kNanosecondsInMicrosecond = 1000;
  return CpuStat{
      values["nr_periods"],
      values["nr_throttled"],
      v1 ? values["throttled_time"] / kNanosecondsInMicrosecond : values["throttled_usec"]};
}

std::vector<std::string> CpuStatPaths(const std::vector<CgroupMount>& mounts,
                                      bool v2,
                                      std::string_view path) {
  std::vector<std::string> paths = CgroupFolders(mounts, {v2 ? "" : "cpu", path});
  for (std::string& folder : paths) {
    folder += "/cpu.stat";
  }
  return paths;
}

}  // namespace netcheck::probe
