#include "engine/packet_parser.h"

#include <algorithm>
#include <array>

namespace netcheck::probe {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t kProtocolIcmp = 1;
constexpr std::uint8_t kProtocolTcp = 6;
constexpr std::uint8_t kProtocolIcmpV6 = 58;
constexpr std::size_t kIpv4HeaderBytes = 20;
constexpr std::size_t kIpv6HeaderBytes = 40;
constexpr std::size_t kTcpHeaderBytes = 20;
constexpr std::size_t kIcmpHeaderBytes = 8;
/// Ports and sequence number: what RFC 792 promises of a quoted transport header.
constexpr std::size_t kQuotedBytes = 8;
constexpr int kMaxExtensionHeaders = 8;

std::uint16_t Read16(Bytes bytes, std::size_t offset) {
  return static_cast<std::uint16_t>((bytes[offset] << 8U) | bytes[offset + 1]);
}

std::uint32_t Read32(Bytes bytes, std::size_t offset) {
  return (static_cast<std::uint32_t>(Read16(bytes, offset)) << 16U) | Read16(bytes, offset + 2);
}

/// What stands before the transport header.
struct IpHeader {
  IpAddress source;
  IpAddress destination;
  std::uint8_t protocol_number = 0;
  std::size_t header_bytes = 0;   ///< Extension headers included.
  std::size_t payload_bytes = 0;  ///< As the header says, whatever was captured.
};

IpAddress ReadAddress(Bytes bytes, std::size_t offset, int family) {
  IpAddress address;
  address.family = family;
  const std::size_t size = family == AF_INET ? 4 : 16;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), size, address.bytes.begin());
  return address;
}

std::optional<IpHeader> ParseIpv4(Bytes bytes) {
  if (bytes.size() < kIpv4HeaderBytes) {
    return std::nullopt;
  }
  IpHeader header;
  header.header_bytes = static_cast<std::size_t>(bytes[0] & 0x0FU) * 4;
  const bool later_fragment = (Read16(bytes, 6) & 0x1FFFU) != 0;
  if (header.header_bytes < kIpv4HeaderBytes || later_fragment) {
    return std::nullopt;
  }
  const std::size_t total_bytes = Read16(bytes, 2);
  header.payload_bytes = total_bytes > header.header_bytes ? total_bytes - header.header_bytes : 0;
  header.protocol_number = bytes[9];
  header.source = ReadAddress(bytes, 12, AF_INET);
  header.destination = ReadAddress(bytes, 16, AF_INET);
  return header;
}

/// Hop-by-hop options, routing, fragment, destination options (RFC 8200 §4).
bool IsExtensionHeader(std::uint8_t number) {
  return number == 0 || number == 43 || number == 44 || number == 60;
}

std::optional<IpHeader> ParseIpv6(Bytes bytes) {
  if (bytes.size() < kIpv6HeaderBytes) {
    return std::nullopt;
  }
  IpHeader header;
  header.source = ReadAddress(bytes, 8, AF_INET6);
  header.destination = ReadAddress(bytes, 24, AF_INET6);
  header.protocol_number = bytes[6];
  header.header_bytes = kIpv6HeaderBytes;
  for (int i = 0; IsExtensionHeader(header.protocol_number); ++i) {
    if (i == kMaxExtensionHeaders || bytes.size() < header.header_bytes + 8) {
      return std::nullopt;
    }
    const bool is_fragment = header.protocol_number == 44;
    if (is_fragment && (Read16(bytes, header.header_bytes + 2) & 0xFFF8U) != 0) {
      return std::nullopt;
    }
    header.protocol_number = bytes[header.header_bytes];
    header.header_bytes +=
        is_fragment ? 8 : (static_cast<std::size_t>(bytes[header.header_bytes + 1]) + 1) * 8;
  }
  const std::size_t total_bytes = kIpv6HeaderBytes + Read16(bytes, 4);
  header.payload_bytes = total_bytes > header.header_bytes ? total_bytes - header.header_bytes : 0;
  return header;
}

std::optional<IpHeader> ParseIp(Bytes bytes) {
  if (bytes.empty()) {
    return std::nullopt;
  }
  switch (bytes[0] >> 4U) {
    case 4:
      return ParseIpv4(bytes);
    case 6:
      return ParseIpv6(bytes);
    default:
      return std::nullopt;
  }
}

/// The bytes behind the IP header, if at least `least` of them were captured.
std::optional<Bytes> TransportBytes(Bytes bytes, const IpHeader& header, std::size_t least) {
  if (bytes.size() < header.header_bytes + least) {
    return std::nullopt;
  }
  return bytes.subspan(header.header_bytes);
}

std::optional<ParsedPacket> ParseTcp(Bytes bytes, const IpHeader& header) {
  const auto tcp = TransportBytes(bytes, header, kTcpHeaderBytes);
  if (!tcp) {
    return std::nullopt;
  }
  ParsedPacket packet;
  packet.source = {header.source, Read16(*tcp, 0)};
  packet.destination = {header.destination, Read16(*tcp, 2)};
  packet.seq = Read32(*tcp, 4);
  packet.tcp_flags = (*tcp)[13];
  packet.ack = (packet.tcp_flags & kTcpAck) != 0 ? Read32(*tcp, 8) : 0;
  const std::size_t tcp_header_bytes = static_cast<std::size_t>((*tcp)[12] >> 4U) * 4;
  packet.has_payload = header.payload_bytes > tcp_header_bytes;
  return packet;
}

/// Errors that end or describe a connection attempt, not echo or neighbour messages.
bool IsIcmpError(const IpHeader& header, std::uint8_t type) {
  constexpr std::uint8_t kUnreachable = 3;
  constexpr std::uint8_t kTimeExceeded = 11;
  constexpr std::uint8_t kParameterProblem = 12;
  if (header.protocol_number == kProtocolIcmp) {
    return type == kUnreachable || type == kTimeExceeded || type == kParameterProblem;
  }
  return type >= 1 && type <= 4;  // RFC 4443 §3
}

std::optional<ParsedPacket> ParseIcmp(Bytes bytes, const IpHeader& header) {
  const auto icmp = TransportBytes(bytes, header, kIcmpHeaderBytes);
  if (!icmp || !IsIcmpError(header, (*icmp)[0])) {
    return std::nullopt;
  }
  const Bytes quoted = icmp->subspan(kIcmpHeaderBytes);
  const auto quoted_ip = ParseIp(quoted);
  if (!quoted_ip || quoted_ip->protocol_number != kProtocolTcp) {
    return std::nullopt;
  }
  const auto tcp = TransportBytes(quoted, *quoted_ip, kQuotedBytes);
  if (!tcp) {
    return std::nullopt;
  }
  ParsedPacket packet;
  packet.is_icmp = true;
  packet.source.address = header.source;
  packet.destination.address = header.destination;
  packet.icmp_type = (*icmp)[0];
  packet.icmp_code = (*icmp)[1];
  packet.quoted = {{quoted_ip->source, Read16(*tcp, 0)},
                   {quoted_ip->destination, Read16(*tcp, 2)},
                   Read32(*tcp, 4)};
  return packet;
}

}  // namespace

std::optional<ParsedPacket> ParsePacket(std::span<const std::uint8_t> bytes) {
  const auto header = ParseIp(bytes);
  if (!header) {
    return std::nullopt;
  }
  const bool is_v4 = header->source.family == AF_INET;
  if (header->protocol_number == kProtocolTcp) {
    return ParseTcp(bytes, *header);
  }
  if (header->protocol_number == (is_v4 ? kProtocolIcmp : kProtocolIcmpV6)) {
    return ParseIcmp(bytes, *header);
  }
  return std::nullopt;
}

std::string PacketKind(const ParsedPacket& packet) {
  if (packet.is_icmp) {
    return "ICMP " + std::to_string(packet.icmp_type) + "/" + std::to_string(packet.icmp_code);
  }
  const std::uint8_t flags = packet.tcp_flags;
  if ((flags & kTcpRst) != 0) {
    return "RST";
  }
  if ((flags & kTcpSyn) != 0) {
    return (flags & kTcpAck) != 0 ? "SYN-ACK" : "SYN";
  }
  if ((flags & kTcpFin) != 0) {
    return "FIN";
  }
  return packet.has_payload ? "DATA" : "ACK";
}

}  // namespace netcheck::probe
