#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/address_text.h"
#include "kernel/netlink_message.h"
#include "protocol/facts.h"
#include "protocol/result.h"

// Codec of ctnetlink (include/uapi/linux/netfilter/nfnetlink_conntrack.h). Pure.
namespace netcheck::probe {

/// IPCTNL_MSG_CT_GET for the TCP entry with that original tuple. Fails when the addresses are not
/// two of one family or a port is not one.
protocol::Result<std::vector<std::uint8_t>> EncodeConntrackGet(
    const protocol::ConntrackTuple& original, std::uint32_t sequence);

/// IPCTNL_MSG_CT_GET for every entry of the table, of all families and protocols.
std::vector<std::uint8_t> EncodeConntrackDump(std::uint32_t sequence);

/// One direction of an entry; ports are 0 where the protocol has none.
struct ConntrackDirection {
  IpAddress source;  ///< Family 0: the message has none.
  int source_port = 0;
  IpAddress destination;
  int destination_port = 0;
  std::uint8_t protocol = 0;  ///< IPPROTO_*
};

/// An entry as it comes in a dump. Decoding it allocates nothing: there may be millions.
struct ConntrackFlow {
  ConntrackDirection original;
  ConntrackDirection reply;
  std::uint32_t status = 0;               ///< IPS_* bits.
  std::optional<std::uint8_t> tcp_state;  ///< enum tcp_conntrack
};

/// An IPCTNL_MSG_CT_NEW payload; nullopt: malformed. What the message lacks keeps its default.
std::optional<ConntrackFlow> DecodeConntrackFlow(Bytes payload);

/// An IPCTNL_MSG_CT_NEW payload of a TCP entry: both tuples, status and TCP state; `found` is true.
/// What the message lacks keeps its default.
protocol::Result<protocol::ConntrackEntry> DecodeConntrackEntry(Bytes payload);

/// tcp_conntrack_names of net/netfilter/nf_conntrack_proto_tcp.c; "state N" beyond them.
std::string ConntrackTcpStateName(std::uint8_t state);

}  // namespace netcheck::probe
