#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/address.h"

namespace netcheck::probe::test {

using Bytes = std::vector<std::uint8_t>;

/// "10.0.0.1", 80.
Endpoint At(const std::string& address, int port);

struct Segment {
  Endpoint source;
  Endpoint destination;
  std::uint8_t flags = 0;
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::size_t payload_bytes = 0;
  /// IPv4 options (a multiple of 4).
  std::size_t option_bytes = 0;
  /// IPv6 destination options header before the TCP header.
  bool extension_header = false;
};

/// An IP packet, checksums left 0.
Bytes TcpPacket(const Segment& segment);
/// An ICMP or ICMPv6 message from `source` to the quoted packet's source that quotes the first
/// `quoted_bytes` bytes of it.
Bytes IcmpPacket(const std::string& source,
                 std::uint8_t type,
                 std::uint8_t code,
                 const Bytes& quoted,
                 std::size_t quoted_bytes);

}  // namespace netcheck::probe::test
