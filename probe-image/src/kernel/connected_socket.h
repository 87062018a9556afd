#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/netlink_message.h"
#include "protocol/facts.h"

// Codec of the question for the socket of one TCP connection (sock_diag). Pure.
namespace netcheck::probe {

/// Both ends of a connection, `local` being those of the socket that is asked for.
struct ConnectionEnds {
  std::string local_address;
  int local_port = 0;
  std::string remote_address;
  int remote_port = 0;
};

/// SOCK_DIAG_BY_FAMILY for exactly that connection (net/ipv4/inet_diag.c, inet_diag_dump_one_icsk),
/// an IPv4 connection of an IPv6 socket included. nullopt: an address is none, or the families
/// differ.
std::optional<std::vector<std::uint8_t>> EncodeConnectedQuery(const ConnectionEnds& ends,
                                                              std::uint32_t sequence);

/// One inet_diag_msg with its attributes. nullopt: malformed, or not the socket of that connection:
/// where there is none the kernel answers with the listener.
std::optional<protocol::ServerSocket> DecodeConnected(Bytes payload, const ConnectionEnds& ends);

}  // namespace netcheck::probe
