#pragma once

#include <string>
#include <vector>

#include "protocol/facts.h"

// The kernel's tables of one network namespace as facts. Nothing is changed and no module is loaded
// by looking: a query that could load one is made only if it is loaded (or built in) already.
namespace netcheck::probe {

/// What to look at.
struct SnapshotScope {
  protocol::Moment moment = protocol::Moment::kUnknown;
  protocol::Where where = protocol::Where::kNode;
  int netns_fd = -1;  ///< The namespace; -1: the probe's own.
  /// IPVS connections that involve these, and their neighbour entries, are reported.
  std::vector<std::string> target_addresses;
  /// Whether to read the packet filter's tables. Tens of thousands of rules are not unusual, and a
  /// pod's checks need none of them.
  bool packet_filter = false;
};

/// Sysctls, counters, listeners, fill of the conntrack table; of the node (Where::kNode) its IPVS
/// services and connections as well, and after the attempts its neighbours; and the packet filter's
/// tables if asked for. What cannot be read becomes an Unavailable fact, so the list is never short
/// of an answer. Each fact fits into one line of the stream. Another namespace is read by a forked
/// child within 5 seconds. `proc_root` is "/proc" except in tests.
std::vector<protocol::Fact> TakeSnapshot(const SnapshotScope& scope,
                                         const std::string& proc_root = "/proc");

}  // namespace netcheck::probe
