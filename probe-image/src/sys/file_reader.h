#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "protocol/result.h"

// Bounded reads of procfs, sysfs and cgroupfs. Their files have no size before they are read, and
// some grow with the load of the node.
namespace netcheck::probe {

/// Enough for every file that does not grow with the number of sockets, routes or connections, on
/// machines of thousands of CPUs too.
inline constexpr std::size_t kMaxSmallFile = 2U << 20U;

/// The whole file. EFBIG when it is longer than `max_bytes`; errors of open(2) and read(2) as they
/// come. Never blocks on a FIFO.
protocol::Result<std::string> ReadFile(const std::string& path,
                                       std::size_t max_bytes = kMaxSmallFile);

/// Whether ForEachLine is to go on.
enum class Lines { kContinue, kStop };

/// Calls `consume` for each line, without its newline, until it says kStop or the file ends. EFBIG
/// after `max_bytes`, or at a line of more than 8 KiB; the lines before were consumed then.
protocol::Result<void> ForEachLine(const std::string& path,
                                   std::size_t max_bytes,
                                   const std::function<Lines(std::string_view)>& consume);

}  // namespace netcheck::probe
