#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/tables.h"
#include "protocol/facts.h"

namespace netcheck::probe {

/// A record of /dev/kmsg (Documentation/ABI/testing/dev-kmsg), "PREFIX,SEQUENCE,TIME,...;TEXT",
/// that tells of a full connection tracking table: the inode of the network namespace, 0 where it
/// is not told. nullopt unless its text is that of net/netfilter/nf_conntrack_core.c, and comes
/// from the kernel: what a process wrote has another facility than 0.
std::optional<std::int64_t> ParseConntrackFullLine(std::string_view record);

/// "KernelLog.ConntrackFull.N" as counters. Reads the whole ring buffer without waiting, at most
/// for 200 ms; "kernel-log" where it can't be read.
std::vector<protocol::Fact> ReadConntrackFullLog(const SnapshotLabel& label,
                                                 const std::string& path = "/dev/kmsg");

}  // namespace netcheck::probe
