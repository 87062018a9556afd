#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/netlink_message.h"
#include "protocol/facts.h"
#include "protocol/result.h"

// Codec of ctnetlink (include/uapi/linux/netfilter/nfnetlink_conntrack.h). Pure.
namespace netcheck::probe {

/// IPCTNL_MSG_CT_GET for the TCP entry with that original tuple. Fails when the addresses are not
/// two of one family or a port is not one.
protocol::Result<std::vector<std::uint8_t>> EncodeConntrackGet(
    const protocol::ConntrackTuple& original, std::uint32_t sequence);

/// An IPCTNL_MSG_CT_NEW payload: both tuples, status and TCP state; `found` is true. What the
/// message lacks keeps its default.
protocol::Result<protocol::ConntrackEntry> DecodeConntrackEntry(Bytes payload);

/// tcp_conntrack_names of net/netfilter/nf_conntrack_proto_tcp.c; "state N" beyond them.
std::string ConntrackTcpStateName(std::uint8_t state);

}  // namespace netcheck::probe
