#include "unit/engine/packet_bytes.h"

#include <algorithm>

namespace netcheck::probe::test {
namespace {

void Append16(Bytes& bytes, std::size_t value) {
  bytes.push_back(static_cast<std::uint8_t>(value >> 8U));
  bytes.push_back(static_cast<std::uint8_t>(value & 0xFFU));
}

void Append32(Bytes& bytes, std::uint32_t value) {
  Append16(bytes, value >> 16U);
  Append16(bytes, value & 0xFFFFU);
}

void AppendAddress(Bytes& bytes, const IpAddress& address) {
  const std::ptrdiff_t size = address.family == AF_INET ? 4 : 16;
  bytes.insert(bytes.end(), address.bytes.begin(), address.bytes.begin() + size);
}

Bytes IpPacket(const IpAddress& source,
               const IpAddress& destination,
               std::uint8_t protocol_number,
               std::size_t option_bytes,
               const Bytes& payload) {
  Bytes bytes;
  if (source.family == AF_INET) {
    bytes = {static_cast<std::uint8_t>(0x45 + option_bytes / 4), 0};
    Append16(bytes, 20 + option_bytes + payload.size());
    bytes.insert(bytes.end(), {0, 1, 0x40, 0, 64, protocol_number, 0, 0});
  } else {
    bytes = {0x60, 0, 0, 0};
    Append16(bytes, payload.size());
    bytes.insert(bytes.end(), {protocol_number, 64});
  }
  AppendAddress(bytes, source);
  AppendAddress(bytes, destination);
  bytes.insert(bytes.end(), option_bytes, 1);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

IpAddress AddressIn(const Bytes& packet, bool source) {
  const bool v4 = packet[0] >> 4U == 4;
  IpAddress address;
  address.family = v4 ? AF_INET : AF_INET6;
  const std::ptrdiff_t offset = v4 ? (source ? 12 : 16) : (source ? 8 : 24);
  std::copy_n(packet.begin() + offset, v4 ? 4 : 16, address.bytes.begin());
  return address;
}

}  // namespace

Endpoint At(const std::string& address, int port) {
  return {ParseIpAddress(address).value(), static_cast<std::uint16_t>(port)};
}

Bytes TcpPacket(const Segment& segment) {
  constexpr std::uint8_t kTcp = 6;
  constexpr std::uint8_t kDestinationOptions = 60;
  Bytes tcp;
  if (segment.extension_header) {
    tcp = {kTcp, 0, 1, 4, 0, 0, 0, 0};  // PadN, RFC 8200 §4.2.
  }
  Append16(tcp, segment.source.port);
  Append16(tcp, segment.destination.port);
  Append32(tcp, segment.seq);
  Append32(tcp, segment.ack);
  tcp.push_back(5U << 4U);
  tcp.push_back(segment.flags);
  tcp.insert(tcp.end(), 6, 0);
  tcp.insert(tcp.end(), segment.payload_bytes, 'x');
  return IpPacket(segment.source.address,
                  segment.destination.address,
                  segment.extension_header ? kDestinationOptions : kTcp,
                  segment.option_bytes,
                  tcp);
}

Bytes IcmpPacket(const std::string& source,
                 std::uint8_t type,
                 std::uint8_t code,
                 const Bytes& quoted,
                 std::size_t quoted_bytes) {
  Bytes icmp = {type, code, 0, 0, 0, 0, 0, 0};
  icmp.insert(icmp.end(),
              quoted.begin(),
              quoted.begin() + static_cast<std::ptrdiff_t>(std::min(quoted_bytes, quoted.size())));
  const IpAddress from = ParseIpAddress(source).value();
  return IpPacket(from, AddressIn(quoted, true), from.family == AF_INET ? 1 : 58, 0, icmp);
}

}  // namespace netcheck::probe::test
