#pragma once

#include <ostream>
#include <string>

namespace netcheck::cli {

inline constexpr int kExitHealthy = 0;
inline constexpr int kExitUnhealthy = 1;
inline constexpr int kExitFailed = 2;

/// Where the program writes: results to `out`, everything else to `err`.
struct Console {
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  int width = 80;
  bool color = false;
  bool unicode = true;

  /// "error: ...", and the exit code that goes with it. After Ctrl-C that is the reason for
  /// whatever failed.
  int Fail(const std::string& message);
  void Warn(const std::string& message);
};

/// For the process's own streams; any other stream is no terminal. Honours NO_COLOR, TERM, and the
/// locale's character set.
Console OpenConsole(std::ostream& out, std::ostream& err);

}  // namespace netcheck::cli
