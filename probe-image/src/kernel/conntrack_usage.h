#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "kernel/tables.h"
#include "protocol/facts.h"

namespace netcheck::probe {

/// "conntrack.usage": dumps the connection tracking table of a network namespace (-1: the
/// caller's) and counts its entries while they come (ctnetlink_dump_table of
/// net/netfilter/nf_conntrack_netlink.c, which locks one bucket at a time). What was read within
/// `budget` counts. Needs CAP_NET_ADMIN, and nf_conntrack_netlink to be there already.
std::vector<protocol::Fact> ReadConntrackUsage(const SnapshotLabel& label,
                                               int netns_fd,
                                               std::chrono::milliseconds budget,
                                               const std::string& proc_root = "/proc");

}  // namespace netcheck::probe
