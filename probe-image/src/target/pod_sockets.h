#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/facts.h"

namespace netcheck::probe {

/// "inuse" of the line "TCP:" of /proc/net/sockstat (net/ipv4/proc.c) or "TCP6:" of sockstat6:
/// hashed sockets of the namespace, listeners included.
std::optional<std::int64_t> ParseSockstat(std::string_view text);

/// "pod-sockets": the network namespaces of all pods of this node, found by the cgroups of their
/// processes, less `node_netns`. Those with most TCP sockets are told, and their sockets counted by
/// state from /proc/PID/net/tcp{,6}; an Unavailable fact says how many were left out. Ends within
/// `budget`: then sockets are not counted (`counted`), or pods missing, which is said too.
std::vector<protocol::Fact> ReadPodSockets(protocol::Moment moment,
                                           std::uint64_t node_netns,
                                           std::chrono::milliseconds budget,
                                           const std::string& proc_root = "/proc");

}  // namespace netcheck::probe
