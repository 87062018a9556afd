#include <doctest/doctest.h>

#include "engine/packet_matcher.h"
#include "unit/engine/packet_bytes.h"

namespace netcheck::probe {
namespace {

using protocol::Where;
using test::At;

constexpr std::uint32_t kIsn = 1000;
constexpr int kBridge = 3;
constexpr int kVeth = 4;
constexpr int kPodDevice = 2;

const Endpoint kSocket = At("10.0.0.1", 40000);
const Endpoint kTarget = At("10.0.0.5", 8080);

ParsedPacket Tcp(const Endpoint& from,
                 const Endpoint& to,
                 std::uint8_t flags,
                 std::uint32_t seq,
                 std::uint32_t ack = 0) {
  ParsedPacket packet;
  packet.source = from;
  packet.destination = to;
  packet.tcp_flags = flags;
  packet.seq = seq;
  packet.ack = ack;
  return packet;
}

ParsedPacket Icmp(const char* from,
                  const Endpoint& quoted_source,
                  const Endpoint& quoted_destination) {
  ParsedPacket packet;
  packet.is_icmp = true;
  packet.source = At(from, 0);
  packet.destination.address = quoted_source.address;
  packet.icmp_type = 3;
  packet.icmp_code = 3;
  packet.quoted = {quoted_source, quoted_destination, kIsn};
  return packet;
}

ParsedPacket Syn(const Endpoint& from = kSocket, std::uint32_t isn = kIsn) {
  return Tcp(from, kTarget, kTcpSyn, isn);
}

ParsedPacket SynAck(const Endpoint& to = kSocket, std::uint32_t ack = kIsn + 1) {
  return Tcp(kTarget, to, kTcpSyn | kTcpAck, 5000, ack);
}

/// A matcher with one connection that called connect() from 100 to 120.
struct Fixture {
  explicit Fixture(TapMode mode = TapMode::kDevices) : matcher(kTarget, mode, 8) {
    flow = matcher.Add(kSocket, 100, 120);
  }

  bool OutOfNode(const ParsedPacket& packet, std::int64_t at_us = 110, int device = kVeth) {
    return matcher.Fold({Where::kNode, at_us, device, true, packet});
  }
  bool IntoNode(const ParsedPacket& packet, std::int64_t at_us = 150, int device = kVeth) {
    return matcher.Fold({Where::kNode, at_us, device, false, packet});
  }
  bool OutOfPod(const ParsedPacket& packet) {
    return matcher.Fold({Where::kPod, 140, kPodDevice, true, packet});
  }
  bool IntoPod(const ParsedPacket& packet) {
    return matcher.Fold({Where::kPod, 130, kPodDevice, false, packet});
  }
  [[nodiscard]] std::uint32_t Seen() const { return matcher.flow(flow).seen; }
  [[nodiscard]] int Packets() const { return matcher.flow(flow).packet_count; }

  PacketMatcher matcher;
  int flow;
};

TEST_CASE("packet matcher: a whole handshake sets one bit after the other") {
  Fixture f;
  std::uint32_t expected = 0;
  CHECK(f.OutOfNode(Syn()));
  CHECK(f.Seen() == (expected |= protocol::kSeenNodeSyn));
  CHECK(f.IntoPod(Syn()));
  CHECK(f.Seen() == (expected |= protocol::kSeenPodSyn));
  CHECK(f.OutOfPod(SynAck()));
  CHECK(f.Seen() == (expected |= protocol::kSeenPodSynAck));
  CHECK(f.IntoNode(SynAck()));
  CHECK(f.Seen() == (expected |= protocol::kSeenNodeSynAck));
  CHECK(f.Packets() == 4);
}

TEST_CASE("packet matcher: resets and ICMP errors") {
  Fixture f;
  const ParsedPacket reset = Tcp(kTarget, kSocket, kTcpRst | kTcpAck, 0, kIsn + 1);
  f.OutOfNode(Syn());
  f.OutOfPod(reset);
  CHECK(f.Seen() == (protocol::kSeenNodeSyn | protocol::kSeenPodRst));
  f.IntoNode(reset);
  CHECK((f.Seen() & protocol::kSeenNodeRst) != 0);
  const ParsedPacket error = Icmp("10.0.0.5", kSocket, kTarget);
  f.OutOfPod(error);
  CHECK((f.Seen() & protocol::kSeenPodIcmp) != 0);
  CHECK((f.Seen() & protocol::kSeenNodeIcmp) == 0);
  f.IntoNode(error);
  CHECK((f.Seen() & protocol::kSeenNodeIcmp) != 0);
}

TEST_CASE("packet matcher: our own resets and errors about the answer set no bit") {
  Fixture f;
  f.OutOfNode(Syn());
  CHECK(f.OutOfNode(Tcp(kSocket, kTarget, kTcpRst, kIsn + 1)));
  CHECK(f.OutOfNode(Icmp("10.0.0.1", kTarget, kSocket)));
  CHECK(f.IntoPod(Icmp("10.0.0.1", kTarget, kSocket)));
  CHECK(f.Seen() == protocol::kSeenNodeSyn);
  CHECK(f.Packets() == 4);
}

TEST_CASE("packet matcher: a packet on bridge and veth is one, sent again it is two") {
  Fixture f;
  f.OutOfNode(Syn(), 110, kBridge);
  f.OutOfNode(Syn(), 111, kVeth);
  CHECK(f.Packets() == 1);
  f.OutOfNode(Syn(), 1'000'110, kBridge);
  f.OutOfNode(Syn(), 1'000'111, kVeth);
  CHECK(f.Packets() == 2);
  CHECK(f.matcher.flow(f.flow).packets[1].at_us == 1'000'110);
}

TEST_CASE("packet matcher: somebody else's packets are not ours") {
  Fixture f;
  CHECK(!f.OutOfNode(Syn(At("10.0.0.1", 40001)), 90));
  CHECK(!f.IntoPod(Syn(At("10.9.9.9", 40000), 77)));
  CHECK(!f.OutOfNode(Tcp(kSocket, At("10.0.0.5", 8081), kTcpSyn, kIsn)));
  f.OutOfNode(Syn());
  // The same tuple with another sequence number: another connection, before or behind a NAT.
  CHECK(!f.IntoPod(Syn(kSocket, kIsn + 7)));
  CHECK(f.Seen() == protocol::kSeenNodeSyn);
}

TEST_CASE("packet matcher: a SYN-ACK that answers another SYN is an answer of another kind") {
  Fixture f;
  f.OutOfNode(Syn());
  CHECK(f.IntoNode(SynAck(kSocket, kIsn + 500)));
  CHECK(f.Seen() == (protocol::kSeenNodeSyn | protocol::kSeenNodeOther));
  CHECK(f.Packets() == 2);
}

TEST_CASE("packet matcher: a challenge ACK is an answer of another kind") {
  Fixture f;
  const ParsedPacket challenge = Tcp(kTarget, kSocket, kTcpAck, 7000, 12345);
  f.OutOfNode(Syn());
  f.IntoPod(Syn());
  std::uint32_t expected = protocol::kSeenNodeSyn | protocol::kSeenPodSyn;
  f.OutOfPod(challenge);
  CHECK(f.Seen() == (expected |= protocol::kSeenPodOther));
  f.IntoNode(challenge);
  CHECK(f.Seen() == (expected |= protocol::kSeenNodeOther));
}

TEST_CASE("packet matcher: what precedes our SYN or follows its SYN-ACK is no answer") {
  Fixture f;
  const ParsedPacket segment = Tcp(kTarget, kSocket, kTcpAck | kTcpFin, 7000, 12345);
  f.IntoNode(segment, 105);
  f.OutOfNode(Syn());
  f.IntoNode(SynAck());
  f.IntoNode(segment);
  CHECK(f.Seen() == (protocol::kSeenNodeSyn | protocol::kSeenNodeSynAck));
}

TEST_CASE("packet matcher: address translated between the taps") {
  Fixture f;
  const Endpoint translated = At("10.0.9.9", 61234);
  f.OutOfNode(Syn());
  CHECK(f.IntoPod(Syn(translated)));
  CHECK(f.OutOfPod(SynAck(translated)));
  CHECK(f.IntoNode(SynAck()));
  CHECK(f.Seen() == (protocol::kSeenNodeSyn | protocol::kSeenPodSyn | protocol::kSeenPodSynAck |
                     protocol::kSeenNodeSynAck));
  CHECK(f.matcher.flow(f.flow).pod_peer == translated);
}

TEST_CASE("packet matcher: address translated before the node's tap") {
  Fixture f;
  const Endpoint translated = At("10.0.9.9", 61234);
  CHECK(f.OutOfNode(Syn(translated), 115));
  CHECK(f.IntoPod(Syn(translated)));
  CHECK(f.OutOfPod(SynAck(translated)));
  CHECK(f.IntoNode(SynAck(translated)));
  CHECK(f.OutOfPod(Icmp("10.0.0.5", translated, kTarget)));
  CHECK(f.Seen() == (protocol::kSeenNodeSyn | protocol::kSeenPodSyn | protocol::kSeenPodSynAck |
                     protocol::kSeenNodeSynAck | protocol::kSeenPodIcmp));
}

TEST_CASE("packet matcher: a strange SYN is ours only if it left while connect() ran") {
  Fixture f;
  CHECK(!f.OutOfNode(Syn(At("10.0.9.9", 61234)), 90));
  CHECK(!f.OutOfNode(Syn(At("10.0.9.9", 61234)), 130));
  CHECK(f.Seen() == 0);
}

TEST_CASE("packet matcher: a SYN that is forwarded is not taken for ours") {
  Fixture f;
  const Endpoint client = At("10.8.0.1", 50000);
  CHECK(!f.IntoNode(Syn(client, 4711), 109, 9));
  CHECK(!f.OutOfNode(Syn(client, 4711), 110));
  CHECK(f.Seen() == 0);
}

TEST_CASE("packet matcher: without a node tap the pod's tap goes by the tuple") {
  Fixture f;
  CHECK(f.IntoPod(Syn()));
  CHECK(f.OutOfPod(SynAck()));
  CHECK(f.Seen() == (protocol::kSeenPodSyn | protocol::kSeenPodSynAck));
}

TEST_CASE("packet matcher: lo counts only where the target is local") {
  Fixture devices;
  CHECK(!devices.OutOfNode(Syn(), 110, 1));
  CHECK(devices.Seen() == 0);
  // A reject rule on the node answers over lo.
  CHECK(devices.IntoNode(Tcp(kTarget, kSocket, kTcpRst | kTcpAck, 0, kIsn + 1), 110, 1));
  CHECK(devices.Seen() == protocol::kSeenNodeRst);

  Fixture local(TapMode::kLoopback);
  CHECK(local.OutOfNode(Syn(), 110, 1));
  CHECK(local.IntoNode(Syn(), 111, 1));
  CHECK(local.OutOfNode(SynAck(), 112, 1));
  CHECK(local.Seen() == protocol::kSeenNodeSyn);
  CHECK(local.IntoNode(SynAck(), 113, 1));
  CHECK(local.Seen() == (protocol::kSeenNodeSyn | protocol::kSeenNodeSynAck));
  CHECK(local.Packets() == 2);
}

TEST_CASE("packet matcher: an answer that comes after the attempt's end is none") {
  Fixture f;
  REQUIRE(f.OutOfNode(Syn()));
  REQUIRE(f.IntoPod(Syn()));
  f.matcher.End(f.flow, 139);
  CHECK_FALSE(f.OutOfPod(SynAck()));
  CHECK_FALSE(f.IntoNode(SynAck()));
  CHECK(f.Seen() == (protocol::kSeenNodeSyn | protocol::kSeenPodSyn));
}

TEST_CASE("packet matcher: a packet that was stamped before the end and read after it counts") {
  Fixture f;
  REQUIRE(f.OutOfNode(Syn()));
  f.matcher.End(f.flow, 140);
  CHECK(f.OutOfPod(SynAck()));
  CHECK(f.Seen() == (protocol::kSeenNodeSyn | protocol::kSeenPodSynAck));
}

TEST_CASE("packet matcher: a removed flow's number and port are used again") {
  Fixture f;
  f.OutOfNode(Syn());
  f.matcher.Remove(f.flow);
  CHECK(!f.IntoNode(SynAck()));
  const int again = f.matcher.Add(kSocket, 200, 210);
  CHECK(again == f.flow);
  CHECK(f.Seen() == 0);
  CHECK(f.Packets() == 0);
  CHECK(f.OutOfNode(Syn(kSocket, 2000), 205));
  CHECK(f.Seen() == protocol::kSeenNodeSyn);
}

TEST_CASE("packet matcher: a newer flow takes over the port, removing the old one leaves it") {
  Fixture f;
  const int newer = f.matcher.Add(kSocket, 200, 210);
  f.matcher.Remove(f.flow);
  CHECK(f.OutOfNode(Syn(kSocket, 2000), 205));
  CHECK(f.matcher.flow(newer).seen == protocol::kSeenNodeSyn);
}

TEST_CASE("packet matcher: no room") {
  PacketMatcher matcher(kTarget, TapMode::kDevices, 1);
  CHECK(matcher.Add(kSocket, 0, 0) == 0);
  CHECK(matcher.Add(At("10.0.0.1", 40001), 0, 0) == -1);
}

TEST_CASE("packet matcher: the packets kept are bounded") {
  Fixture f;
  for (std::uint32_t i = 0; i < 100; ++i) {
    f.OutOfNode(Tcp(kSocket, kTarget, kTcpAck, i));
  }
  CHECK(f.Packets() == kMaxFlowPackets);
}

TEST_CASE("packet matcher: packets as facts") {
  const protocol::Packet syn_ack = ToFact({Where::kPod, 140, kPodDevice, true, SynAck()});
  CHECK(syn_ack.where == Where::kPod);
  CHECK(syn_ack.at_us == 140);
  CHECK(syn_ack.kind == "SYN-ACK");
  CHECK(syn_ack.source == "10.0.0.5:8080");
  CHECK(syn_ack.destination == "10.0.0.1:40000");
  CHECK(syn_ack.seq == 5000);
  CHECK(syn_ack.ack == kIsn + 1);
  const protocol::Packet error =
      ToFact({Where::kNode, 1, kVeth, false, Icmp("10.0.0.9", kSocket, kTarget)});
  CHECK(error.kind == "ICMP 3/3");
  CHECK(error.source == "10.0.0.9");
  CHECK(error.seq == kIsn);
}

}  // namespace
}  // namespace netcheck::probe
