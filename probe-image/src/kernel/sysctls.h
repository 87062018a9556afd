#pragma once

#include <span>
#include <string>
#include <vector>

#include "protocol/facts.h"
#include "protocol/result.h"

namespace netcheck::probe {

/// Names of the sysctls that decide over a handshake, dots for slashes. What each one does stands
/// beside it in sysctls.cc.
std::span<const char* const> RelevantSysctls();

/// The value under /proc/sys without its newline. Sysctls under net are those of the caller's
/// network namespace. A '.' inside a device name is written '/', as sysctl(8) does.
protocol::Result<std::string> ReadSysctl(const std::string& name,
                                         const std::string& proc_root = "/proc");

/// RelevantSysctls() and the rp_filter of each device as one fact, and an Unavailable fact for each
/// that this kernel or namespace does not have.
std::vector<protocol::Fact> ReadSysctls(protocol::Moment moment,
                                        protocol::Where where,
                                        const std::string& proc_root);

}  // namespace netcheck::probe
