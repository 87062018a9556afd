#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace netcheck::probe {

/// What identifies a process and tells whether it lives (/proc/PID/stat, fs/proc/array.c).
struct ProcessStat {
  char state = '?';
  std::int64_t session = 0;       ///< Field 6: number of the session's first process.
  std::uint64_t start_ticks = 0;  ///< Field 22: since boot, in ticks of sysconf(_SC_CLK_TCK).

  /// A zombie has left its namespaces, and its cgroup file misleads.
  [[nodiscard]] bool alive() const { return state != 'Z' && state != 'X' && state != 'x'; }
};

/// The name in field 2 may hold blanks and parentheses.
std::optional<ProcessStat> ParseProcessStat(std::string_view text);

}  // namespace netcheck::probe
