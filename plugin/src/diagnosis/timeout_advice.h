#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "diagnosis/digest.h"

// What findings about too short a timeoutSeconds have in common.
namespace netcheck::diagnosis {

/// How often and for how long a CPU limit held processes up between the snapshots (cpu.stat).
struct Throttling {
  std::int64_t throttled = 0;     ///< nr_throttled
  std::int64_t periods = 0;       ///< nr_periods
  std::int64_t throttled_us = 0;  ///< Of all CPUs together.
};

/// `subject`: the name of a container, or "probe" for netcheck's own process.
Throttling ThrottlingOf(const Digest& digest, const std::string& subject);

/// Adds evidence and advice where the container's CPU limit held it up.
void AddThrottling(const Digest& digest, const ProbeCase& probe, Finding& finding);

/// The answer or the command took too long: it came after timeoutSeconds, or not at all. Not so
/// where only a retransmitted handshake made it late.
bool IsSlow(const JudgedAttempt& judged, const ProbeCase& probe);

/// The connection was established, and no byte came for as long as netcheck waited.
bool Unanswered(const JudgedAttempt& judged);

/// The target's socket of an attempt that waited in vain shows that the application had accepted
/// it; false where it is not known.
bool WasAccepted(const JudgedAttempt& judged);

/// The application closed the socket behind what it wrote; its FIN waits to be acknowledged.
bool IsClosing(const protocol::ServerSocket& socket);

/// How long the probe's attempts took that ended by themselves, in time or late; sorted,
/// microseconds.
std::vector<std::int64_t> TimesOf(const ProbeCase& probe);

/// Adds fastest, median, 90th percentile and slowest of these times; nothing where there are none.
void AddDistribution(const ProbeCase& probe, Finding& finding);

/// Adds what it comes to in a day; see TollOfADay.
void AddToll(const Digest& digest, const ProbeCase& probe, Finding& finding);

/// Whole seconds that hold the slowest time measured with half as much again to spare.
std::int64_t SufficientTimeout(std::int64_t slowest_us);

}  // namespace netcheck::diagnosis
