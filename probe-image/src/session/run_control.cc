#include "session/run_control.h"

#include <algorithm>
#include <csignal>
#include <cstring>

#include "checks/patience.h"

namespace netcheck::probe {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kBeatInterval{1000};
/// For the last snapshots.
constexpr milliseconds kMostTimeToEnd{1500};

volatile std::sig_atomic_t stop_signal = 0;

extern "C" void NoteSignal(int number) {
  stop_signal = number;
}

}  // namespace

void CatchSignals() {
  struct sigaction action {};
  action.sa_handler = NoteSignal;  // No SA_RESTART: waits are to end at once.
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
}

RunControl::RunControl(FactWriter& writer, int deadline_ms)
    : writer_(writer), next_beat_(steady_clock::now() + kBeatInterval) {
  const milliseconds deadline(deadline_ms);
  until_ = steady_clock::now() + deadline - std::min(deadline / 5, kMostTimeToEnd);
}

bool RunControl::Stop() {
  if (stop_signal != 0) {
    reason_ = "signal";
    return true;
  }
  const auto now = steady_clock::now();
  if (now >= until_) {
    reason_ = "deadline";
    return true;
  }
  if (now >= next_beat_) {
    next_beat_ = now + kBeatInterval;
    Beat();
  }
  return writer_.failed();
}

bool RunControl::Pause(milliseconds time) {
  const Patience patience{steady_clock::now() + time, [this] { return Stop(); }};
  return WaitFor(-1, 0, patience) == WaitResult::kExpired;
}

void RunControl::Beat() {
  writer_.Write(protocol::Heartbeat{tried_ + (running_ ? running_() : 0), planned_});
}

}  // namespace netcheck::probe
