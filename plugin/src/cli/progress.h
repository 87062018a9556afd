#pragma once

#include <chrono>
#include <string>

#include "cli/console.h"
#include "probe/observer.h"

namespace netcheck::cli {

/// Shows on stderr what is going on: one line that changes on a terminal, a line for each step
/// elsewhere; with `verbose` the probe's facts as well.
class Progress : public probe_pod::Observer {
 public:
  Progress(Console& console, bool verbose) : console_(console), verbose_(verbose) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() override { Clear(); }

  void Step(const std::string& what) override;
  void Attempts(int tried, int planned) override;
  void Line(std::string_view line) override;
  void Warning(const std::string& what) override;

  /// Takes the changing line away before something else is written.
  void Clear();

 private:
  void Show(const std::string& text);

  Console& console_;
  bool verbose_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_plain_line_;
  std::string step_;
};

}  // namespace netcheck::cli
