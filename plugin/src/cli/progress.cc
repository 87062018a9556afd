#include "cli/progress.h"

#include <fmt/format.h>

#include <ostream>

namespace netcheck::cli {
namespace {

constexpr const char* kClearLine = "\r\033[K";
/// A log wants to show that something happens, not every heartbeat.
constexpr std::chrono::seconds kPlainLineInterval{5};

}  // namespace

void Progress::Step(const std::string& what) {
  if (what != step_) {
    step_ = what;
    Show(what);
  }
}

void Progress::Attempts(int tried, int planned) {
  const auto now = std::chrono::steady_clock::now();
  if (!console_.err_is_terminal && now < next_plain_line_) {
    return;
  }
  next_plain_line_ = now + kPlainLineInterval;
  Show(fmt::format("{}: {} of {} attempts", step_, tried, planned));
}

void Progress::Line(std::string_view line) {
  if (verbose_) {
    Clear();
    console_.err << line << '\n' << std::flush;
  }
}

void Progress::Warning(const std::string& what) {
  Clear();
  console_.Warn(what);
}

void Progress::Show(const std::string& text) {
  if (!console_.err_is_terminal) {
    console_.err << text << '\n' << std::flush;
    return;
  }
  // A line that wraps can't be taken back.
  const auto width = static_cast<std::size_t>(console_.width > 1 ? console_.width - 1 : 1);
  console_.err << kClearLine << text.substr(0, width) << std::flush;
  shown_ = true;
}

void Progress::Clear() {
  if (shown_) {
    console_.err << kClearLine << std::flush;
    shown_ = false;
  }
}

}  // namespace netcheck::cli
