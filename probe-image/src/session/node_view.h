#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/port_plan.h"
#include "protocol/facts.h"

// What the probe itself needs to know of the facts that it reported before its first packet. Pure.
namespace netcheck::probe {

/// Port range, reserved ports and IPVS service ports of the node. Where the range could not be
/// read: the kernel's default, 32768-60999 (net/ipv4/af_inet.c).
PortPlanInput PortInputOf(const std::vector<protocol::Fact>& facts, std::uint64_t seed);

/// Backlog of the listener that a connection to `address`:`port` reaches; of several the smallest.
/// nullopt: none is known.
std::optional<std::uint32_t> BacklogOf(const std::vector<protocol::Fact>& facts,
                                       protocol::Where where,
                                       const std::string& address,
                                       int port);

/// Entries that the node's conntrack table can still take; nullopt: it has no such table.
std::optional<std::int64_t> FreeConntrackEntries(const std::vector<protocol::Fact>& facts);

/// Whether it is worth a dump who fills the conntrack table of that namespace: it is more than half
/// full in the snapshot `last`, or dropped something since the snapshot `first`.
bool ConntrackMatters(const std::vector<protocol::Fact>& first,
                      const std::vector<protocol::Fact>& last,
                      protocol::Where where);

}  // namespace netcheck::probe
