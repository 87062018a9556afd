#include "diagnosis/retransmission.h"

#include <algorithm>

namespace netcheck::diagnosis {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;  // TCP_TIMEOUT_INIT

/// Of a handshake: where the network itself takes that long, lengths tell little.
constexpr std::int64_t kSlowNetwork = kMicrosPerSecond / 2;

}  // namespace

std::optional<std::int64_t> FastestHandshake(const ProbeCase& probe) {
  std::optional<std::int64_t> fastest;
  const auto note = [&](std::int64_t handshake_us) {
    fastest = std::min(fastest.value_or(handshake_us), handshake_us);
  };
  for (const Batch* batch : probe.batches) {
    for (const HandshakeAttempt& attempt : batch->attempts) {
      if (attempt.handshake.result == 0) {
        note(attempt.handshake.duration_us);
      }
    }
  }
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& judged : check->attempts) {
      if (judged.attempt->connect_us) {
        note(*judged.attempt->connect_us);
      }
    }
  }
  return fastest;
}

bool SentAgain(std::int64_t handshake_us, std::int64_t fastest_us) {
  if (fastest_us >= kSlowNetwork || handshake_us < kMicrosPerSecond) {
    return false;
  }
  // Timers are late by up to an eighth (kernel/time/timer.c), and the retransmission is on its way.
  return handshake_us % kMicrosPerSecond <= 60'000 + handshake_us / 16 + fastest_us;
}

bool LateByRetransmission(const JudgedAttempt& attempt, const ProbeCase& probe) {
  if (!attempt.late || !attempt.attempt->connect_us) {
    return false;
  }
  const std::int64_t connect_us = *attempt.attempt->connect_us;
  const auto answer_us =
      static_cast<double>(attempt.attempt->total_us) - static_cast<double>(connect_us);
  // Where no handshake was fast it may have been that all the same: nobody can tell.
  const std::int64_t fastest = FastestHandshake(probe).value_or(0);
  return answer_us <= 1e6 * probe.probe->timeout_s &&
         SentAgain(connect_us, fastest < kSlowNetwork ? fastest : 0);
}

}  // namespace netcheck::diagnosis
