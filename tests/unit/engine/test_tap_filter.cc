#include <doctest/doctest.h>

#include "engine/packet_parser.h"
#include "engine/tap_filter.h"
#include "unit/engine/bpf_interpreter.h"
#include "unit/engine/packet_bytes.h"

namespace netcheck::probe {
namespace {

using test::At;
using test::Bytes;
using test::IcmpPacket;
using test::RunBpf;
using test::Segment;
using test::TcpPacket;

constexpr int kControlPort = 33333;

/// The same tests for both families: addresses differ, nothing else.
struct Family {
  const char* node;
  const char* pod;
  const char* other;
  std::uint8_t unreachable;
};
constexpr Family kFamilies[] = {{"10.0.0.1", "10.0.0.5", "10.0.7.7", 3},
                                {"fd00::1", "fd00::5", "fd00::7", 1}};

TapFilter FilterFor(const Family& family) {
  return {At(family.pod, 8080), At(family.node, 0).address, kControlPort};
}

bool Accepts(const TapFilter& filter, const Bytes& packet) {
  const std::uint32_t bytes = RunBpf(BuildTapFilter(filter), packet);
  CHECK((bytes == 0 || bytes == kSnapBytes));
  return bytes != 0;
}

bool AcceptsTcp(const Family& family,
                const Endpoint& from,
                const Endpoint& to,
                std::uint8_t flags) {
  Segment segment;
  segment.source = from;
  segment.destination = to;
  segment.flags = flags;
  return Accepts(FilterFor(family), TcpPacket(segment));
}

TEST_CASE("tap filter: everything between the target's port and the node's address") {
  for (const Family& family : kFamilies) {
    CAPTURE(family.node);
    for (const std::uint8_t flags : {kTcpSyn, kTcpAck, kTcpFin, kTcpRst}) {
      CHECK(AcceptsTcp(family, At(family.node, 40000), At(family.pod, 8080), flags));
      CHECK(AcceptsTcp(family, At(family.pod, 8080), At(family.node, 40000), flags));
    }
    CHECK(!AcceptsTcp(family, At(family.node, 40000), At(family.pod, 8081), kTcpSyn));
    CHECK(!AcceptsTcp(family, At(family.node, 40000), At(family.other, 8080), kTcpSyn));
    CHECK(!AcceptsTcp(family, At(family.pod, 40000), At(family.node, 8080), kTcpSyn));
  }
}

TEST_CASE("tap filter: only SYN and RST of others, so that their data does not fill the ring") {
  for (const Family& family : kFamilies) {
    CAPTURE(family.node);
    CHECK(AcceptsTcp(family, At(family.other, 40000), At(family.pod, 8080), kTcpSyn));
    CHECK(AcceptsTcp(family, At(family.pod, 8080), At(family.other, 40000), kTcpSyn | kTcpAck));
    CHECK(AcceptsTcp(family, At(family.pod, 8080), At(family.other, 40000), kTcpRst));
    CHECK(!AcceptsTcp(family, At(family.other, 40000), At(family.pod, 8080), kTcpAck));
    CHECK(!AcceptsTcp(family, At(family.pod, 8080), At(family.other, 40000), kTcpAck | kTcpFin));
  }
}

TEST_CASE("tap filter: the control connection") {
  for (const Family& family : kFamilies) {
    CAPTURE(family.node);
    CHECK(AcceptsTcp(family, At(family.pod, 50000), At(family.node, kControlPort), kTcpSyn));
    CHECK(AcceptsTcp(family, At(family.node, kControlPort), At(family.pod, 50000), kTcpRst));
    CHECK(!AcceptsTcp(family, At(family.pod, 50000), At(family.node, kControlPort + 1), kTcpSyn));
    CHECK(!AcceptsTcp(family, At(family.pod, 50000), At(family.other, kControlPort), kTcpSyn));
  }
}

TEST_CASE("tap filter: ICMP errors about packets from or to the target") {
  for (const Family& family : kFamilies) {
    CAPTURE(family.node);
    const TapFilter filter = FilterFor(family);
    Segment syn;
    syn.source = At(family.node, 40000);
    syn.destination = At(family.pod, 8080);
    Segment answer;
    answer.source = syn.destination;
    answer.destination = syn.source;
    Segment unrelated = syn;
    unrelated.destination = At(family.other, 8080);
    CHECK(Accepts(filter, IcmpPacket(family.pod, family.unreachable, 3, TcpPacket(syn), 60)));
    CHECK(Accepts(filter, IcmpPacket(family.other, family.unreachable, 1, TcpPacket(syn), 60)));
    CHECK(Accepts(filter, IcmpPacket(family.node, family.unreachable, 3, TcpPacket(answer), 60)));
    CHECK(
        !Accepts(filter, IcmpPacket(family.pod, family.unreachable, 3, TcpPacket(unrelated), 60)));
    CHECK(!Accepts(filter, IcmpPacket(family.pod, 0, 0, TcpPacket(syn), 60)));
    CHECK(!Accepts(filter, IcmpPacket(family.pod, 128, 0, TcpPacket(syn), 60)));
  }
}

TEST_CASE("tap filter: IP options move the TCP header, a later fragment has none") {
  Segment syn;
  syn.source = At("10.0.0.1", 40000);
  syn.destination = At("10.0.0.5", 8080);
  syn.flags = kTcpSyn;
  syn.option_bytes = 12;
  const TapFilter filter = FilterFor(kFamilies[0]);
  CHECK(Accepts(filter, TcpPacket(syn)));
  Bytes fragment = TcpPacket(syn);
  fragment[7] = 1;
  CHECK(!Accepts(filter, fragment));
}

TEST_CASE("tap filter: extension headers of the target's packets are left to the parser") {
  Segment syn;
  syn.source = At("fd00::1", 40000);
  syn.destination = At("fd00::5", 8080);
  syn.extension_header = true;
  const TapFilter filter = FilterFor(kFamilies[1]);
  CHECK(Accepts(filter, TcpPacket(syn)));
  syn.destination = At("fd00::7", 8080);
  CHECK(!Accepts(filter, TcpPacket(syn)));
}

TEST_CASE("tap filter: other versions, other protocols and cut packets are dropped") {
  for (const Family& family : kFamilies) {
    CAPTURE(family.node);
    const Family& other = kFamilies[family.node == kFamilies[0].node ? 1 : 0];
    Segment syn;
    syn.source = At(family.node, 40000);
    syn.destination = At(family.pod, 8080);
    syn.flags = kTcpSyn;
    const Bytes packet = TcpPacket(syn);
    CHECK(!Accepts(FilterFor(other), packet));
    Bytes udp = packet;
    udp[family.unreachable == 3 ? 9 : 6] = 17;
    CHECK(!Accepts(FilterFor(family), udp));
    const std::size_t flags_end = packet.size() - 6;
    for (std::size_t size = 0; size < flags_end; ++size) {
      CAPTURE(size);
      CHECK(!Accepts(FilterFor(family),
                     {packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size)}));
    }
  }
}

TEST_CASE("tap filter: without the node's address SYN and RST are what is left") {
  TapFilter filter;
  filter.target = At("10.0.0.5", 8080);
  Segment segment;
  segment.source = At("10.0.0.1", 40000);
  segment.destination = filter.target;
  segment.flags = kTcpSyn;
  CHECK(Accepts(filter, TcpPacket(segment)));
  segment.flags = kTcpAck;
  CHECK(!Accepts(filter, TcpPacket(segment)));
}

TEST_CASE("tap filter: jumps stay within reach") {
  // Offsets of conditional jumps have eight bits.
  CHECK(BuildTapFilter(FilterFor(kFamilies[1])).size() < 255);
}

}  // namespace
}  // namespace netcheck::probe
