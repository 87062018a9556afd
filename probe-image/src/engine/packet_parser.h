#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "engine/address.h"

// One captured packet, decoded. Pure; safe on any bytes.
namespace netcheck::probe {

/// TCP flag bits (RFC 9293 §3.1).
inline constexpr std::uint8_t kTcpFin = 0x01;
inline constexpr std::uint8_t kTcpSyn = 0x02;
inline constexpr std::uint8_t kTcpRst = 0x04;
inline constexpr std::uint8_t kTcpAck = 0x10;

/// The TCP segment that an ICMP error quotes (RFC 792, RFC 4443 §2.4): what is left of its header.
struct QuotedSegment {
  Endpoint source;
  Endpoint destination;
  std::uint32_t seq = 0;
};

struct ParsedPacket {
  bool is_icmp = false;  ///< An ICMP or ICMPv6 error; otherwise a TCP segment.
  Endpoint source;       ///< Port 0 for ICMP.
  Endpoint destination;
  // TCP only.
  std::uint8_t tcp_flags = 0;
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;  ///< 0 without the ACK flag.
  bool has_payload = false;
  // ICMP only.
  std::uint8_t icmp_type = 0;
  std::uint8_t icmp_code = 0;
  QuotedSegment quoted;
};

/// `bytes` start at the IP header and may be cut anywhere behind the transport header's first 20
/// bytes (TCP), or behind the first 8 bytes of the quoted one (ICMP). nullopt: anything else,
/// fragments but the first, echo messages, and errors about other protocols.
std::optional<ParsedPacket> ParsePacket(std::span<const std::uint8_t> bytes);

/// "RST", "SYN", "SYN-ACK", "FIN", "DATA", "ACK", "ICMP 3/3".
std::string PacketKind(const ParsedPacket& packet);

}  // namespace netcheck::probe
