#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "session/fact_writer.h"

namespace netcheck::probe {

/// Catches SIGTERM and SIGINT from now on, and ignores SIGPIPE. As the first process of a
/// container the probe would not be ended by the former otherwise.
void CatchSignals();

/// Says when to stop, and keeps the stream alive with heartbeats.
class RunControl {
 public:
  /// Work stops a little before `deadline_ms` after now, so that the probe can say how it ended.
  RunControl(FactWriter& writer, int deadline_ms);

  /// To be asked at most a second apart while something runs: writes the heartbeat that is due.
  /// true: stop, because of a signal, the deadline, or because nobody reads the facts.
  bool Stop();
  /// Attempts that the plan asks for.
  void SetPlanned(int attempts) { planned_ = attempts; }
  void AddTried(int attempts) { tried_ += attempts; }
  /// What runs just now adds this to the attempts tried; empty: nothing runs.
  void SetRunning(std::function<int()> tried) { running_ = std::move(tried); }
  /// Waits, with heartbeats; false: stopped before the time was over.
  bool Pause(std::chrono::milliseconds time);

  /// Of the end fact: "done", "deadline" or "signal".
  [[nodiscard]] const char* reason() const { return reason_; }
  /// When work must stop.
  [[nodiscard]] std::chrono::steady_clock::time_point until() const { return until_; }

 private:
  void Beat();

  FactWriter& writer_;
  std::chrono::steady_clock::time_point until_;
  std::chrono::steady_clock::time_point next_beat_;
  std::function<int()> running_;
  int planned_ = 0;
  int tried_ = 0;
  const char* reason_ = "done";
};

}  // namespace netcheck::probe
