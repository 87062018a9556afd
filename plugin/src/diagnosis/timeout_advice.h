#pragma once

#include <cstdint>
#include <string>

#include "diagnosis/digest.h"

// What findings about too short a timeoutSeconds have in common.
namespace netcheck::diagnosis {

/// How often a CPU limit held processes up between the snapshots (cpu.stat).
struct Throttling {
  std::int64_t throttled = 0;  ///< nr_throttled
  std::int64_t periods = 0;    ///< nr_periods
};

/// `subject`: the name of a container, or "probe" for netcheck's own process.
Throttling ThrottlingOf(const Digest& digest, const std::string& subject);

/// Adds evidence and advice where the container's CPU limit held it up.
void AddThrottling(const Digest& digest, const ProbeCase& probe, Finding& finding);

/// Whole seconds that hold the slowest time measured with half as much again to spare.
std::int64_t SufficientTimeout(std::int64_t slowest_us);

}  // namespace netcheck::diagnosis
