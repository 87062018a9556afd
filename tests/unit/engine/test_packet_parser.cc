#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "engine/packet_parser.h"
#include "engine/seeded_random.h"
#include "unit/engine/packet_bytes.h"

namespace netcheck::probe {
namespace {

using test::At;
using test::Bytes;
using test::IcmpPacket;
using test::Segment;
using test::TcpPacket;

Segment SynOf(const char* source, const char* destination) {
  Segment syn;
  syn.source = At(source, 40000);
  syn.destination = At(destination, 8080);
  syn.flags = kTcpSyn;
  syn.seq = 0x89ABCDEF;
  return syn;
}

// A SYN as Linux sends it, captured on a veth device: 10.99.0.1:45002 to 10.99.0.2:8080.
const Bytes kCapturedSyn = {0x45, 0x00, 0x00, 0x3c, 0x1c, 0x46, 0x40, 0x00, 0x40, 0x06, 0x08, 0xab,
                            0x0a, 0x63, 0x00, 0x01, 0x0a, 0x63, 0x00, 0x02, 0xaf, 0xca, 0x1f, 0x90,
                            0xda, 0x12, 0x34, 0x56, 0x00, 0x00, 0x00, 0x00, 0xa0, 0x02, 0xfa, 0xf0,
                            0x14, 0x4f, 0x00, 0x00, 0x02, 0x04, 0x05, 0xb4, 0x04, 0x02, 0x08, 0x0a,
                            0x5c, 0x1d, 0x02, 0x7e, 0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x03, 0x07};

TEST_CASE("packet parser: a SYN with options") {
  const auto packet = ParsePacket(kCapturedSyn);
  REQUIRE(packet.has_value());
  CHECK(packet->source == At("10.99.0.1", 45002));
  CHECK(packet->destination == At("10.99.0.2", 8080));
  CHECK(packet->tcp_flags == kTcpSyn);
  CHECK(packet->seq == 0xda123456);
  CHECK(packet->ack == 0);
  CHECK(!packet->has_payload);
  CHECK(PacketKind(*packet) == "SYN");
}

TEST_CASE("packet parser: IPv6, IP options and extension headers") {
  Segment v6 = SynOf("fd00::1", "fd00::5");
  Segment v4 = SynOf("10.0.0.1", "10.0.0.5");
  v4.option_bytes = 8;
  Segment extended = v6;
  extended.extension_header = true;
  for (const Segment& segment : {v6, v4, extended}) {
    const auto packet = ParsePacket(TcpPacket(segment));
    REQUIRE(packet.has_value());
    CHECK(packet->source == segment.source);
    CHECK(packet->destination == segment.destination);
    CHECK(packet->seq == 0x89ABCDEF);
    CHECK(!packet->has_payload);
  }
}

TEST_CASE("packet parser: kinds") {
  const auto kind = [](std::uint8_t flags, std::size_t payload_bytes) {
    Segment segment = SynOf("10.0.0.1", "10.0.0.5");
    segment.flags = flags;
    segment.payload_bytes = payload_bytes;
    return PacketKind(ParsePacket(TcpPacket(segment)).value());
  };
  CHECK(kind(kTcpSyn, 0) == "SYN");
  CHECK(kind(kTcpSyn | kTcpAck, 0) == "SYN-ACK");
  CHECK(kind(kTcpAck, 0) == "ACK");
  CHECK(kind(kTcpAck, 5) == "DATA");
  CHECK(kind(kTcpFin | kTcpAck, 5) == "FIN");
  CHECK(kind(kTcpRst | kTcpAck, 0) == "RST");
  CHECK(kind(kTcpRst, 0) == "RST");
}

TEST_CASE("packet parser: an ICMP error names the connection that it is about") {
  const Bytes v4 = IcmpPacket("10.0.0.9", 3, 13, TcpPacket(SynOf("10.0.0.1", "10.0.0.5")), 28);
  const Bytes v6 = IcmpPacket("fd00::9", 1, 4, TcpPacket(SynOf("fd00::1", "fd00::5")), 60);
  const auto packet4 = ParsePacket(v4);
  const auto packet6 = ParsePacket(v6);
  REQUIRE(packet4.has_value());
  REQUIRE(packet6.has_value());
  CHECK(packet4->is_icmp);
  CHECK(PacketKind(*packet4) == "ICMP 3/13");
  CHECK(packet4->source == At("10.0.0.9", 0));
  CHECK(packet4->destination == At("10.0.0.1", 0));
  CHECK(packet4->quoted.source == At("10.0.0.1", 40000));
  CHECK(packet4->quoted.destination == At("10.0.0.5", 8080));
  CHECK(packet4->quoted.seq == 0x89ABCDEF);
  CHECK(PacketKind(*packet6) == "ICMP 1/4");
  CHECK(packet6->quoted.source == At("fd00::1", 40000));
}

TEST_CASE("packet parser: what is not looked at") {
  const Bytes syn = TcpPacket(SynOf("10.0.0.1", "10.0.0.5"));
  Bytes udp = syn;
  udp[9] = 17;
  CHECK(!ParsePacket(udp).has_value());
  Bytes fragment = syn;
  fragment[7] = 1;
  CHECK(!ParsePacket(fragment).has_value());
  CHECK(!ParsePacket(IcmpPacket("10.0.0.9", 0, 0, syn, 28)).has_value());  // Echo reply.
  CHECK(!ParsePacket(IcmpPacket("10.0.0.9", 3, 3, udp, 28)).has_value());
  const Bytes syn6 = TcpPacket(SynOf("fd00::1", "fd00::5"));
  CHECK(!ParsePacket(IcmpPacket("fd00::9", 135, 0, syn6, 60)).has_value());  // Neighbour.
  Bytes other_version = syn;
  other_version[0] = 0x55;
  CHECK(!ParsePacket(other_version).has_value());
}

TEST_CASE("packet parser: cut short, it is a packet or none, and never read beyond") {
  Segment extended = SynOf("fd00::1", "fd00::5");
  extended.extension_header = true;
  const Bytes syn4 = TcpPacket(SynOf("10.0.0.1", "10.0.0.5"));
  const Bytes syn6 = TcpPacket(SynOf("fd00::1", "fd00::5"));
  struct Case {
    Bytes bytes;
    std::size_t needed;
  };
  for (const Case& c : {Case{syn4, 40},
                        Case{syn6, 60},
                        Case{TcpPacket(extended), 68},
                        Case{IcmpPacket("10.0.0.9", 3, 3, syn4, 40), 20 + 8 + 20 + 8},
                        Case{IcmpPacket("fd00::9", 1, 4, syn6, 60), 40 + 8 + 40 + 8}}) {
    for (std::size_t size = 0; size <= c.bytes.size(); ++size) {
      CAPTURE(size);
      // A buffer of exactly that size: the address sanitizer sees any read beyond it.
      const Bytes cut(c.bytes.begin(), c.bytes.begin() + static_cast<std::ptrdiff_t>(size));
      CHECK(ParsePacket(cut).has_value() == (size >= c.needed));
    }
  }
}

TEST_CASE("packet parser: survives random bytes") {
  SeededRandom random(1);
  int parsed = 0;
  for (int i = 0; i < 20000; ++i) {
    Bytes bytes(random.Below(161));
    for (std::uint8_t& byte : bytes) {
      byte = static_cast<std::uint8_t>(random.Next());
    }
    if (!bytes.empty()) {
      bytes[0] = static_cast<std::uint8_t>((i % 2 == 0 ? 0x40 : 0x60) | (bytes[0] & 0x0FU));
    }
    parsed += ParsePacket(bytes).has_value() ? 1 : 0;
  }
  CHECK(parsed > 0);
}

}  // namespace
}  // namespace netcheck::probe
