#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kernel/address_text.h"
#include "kernel/netlink_message.h"
#include "protocol/facts.h"

// Codecs of the two ways to list TCP sockets in LISTEN state.
namespace netcheck::probe {

/// SOCK_DIAG_BY_FAMILY dump request for them (include/uapi/linux/inet_diag.h, inet_diag_req_v2).
/// `family` is AF_INET or AF_INET6.
std::vector<std::uint8_t> EncodeListenerDump(int family, std::uint32_t sequence);

/// One inet_diag_msg with its attributes. nullopt: malformed, or not a listener.
/// v6only comes from INET_DIAG_SKV6ONLY, which 3.x kernels don't send; false then. drops come from
/// INET_DIAG_SKMEMINFO, which the request asks for.
std::optional<protocol::Listener> DecodeListener(Bytes payload);

/// A line of /proc/net/tcp or tcp6 (net/ipv4/tcp_ipv4.c, get_tcp4_sock).
struct ProcTcpLine {
  std::uint8_t state = 0;  ///< TCP_LISTEN is 10.
  /// Its backlog is not in this file (0), nor is v6only (false).
  protocol::Listener local;
  IpAddress remote;
};

/// nullopt: the header line, or malformed.
std::optional<ProcTcpLine> ParseProcTcpLine(std::string_view line);

}  // namespace netcheck::probe
