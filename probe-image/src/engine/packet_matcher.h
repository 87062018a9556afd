#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/packet_parser.h"
#include "protocol/facts.h"

// Which packets belong to which connection. Pure: fed with parsed packets of both taps in the order
// of their stamps.
namespace netcheck::probe {

/// Packets kept for one connection that is not established.
inline constexpr int kMaxFlowPackets = 12;

/// A packet with the place where a tap saw it.
struct SeenPacket {
  protocol::Where where = protocol::Where::kUnknown;
  std::int64_t at_us = 0;  ///< Since hello.
  int device = 0;          ///< Interface index.
  bool outgoing = false;   ///< Sent by the tapped namespace; otherwise received.
  ParsedPacket packet;
  bool other_host = false;  ///< Addressed to another link-layer address than the device's.
};

/// A connection that packets are matched to.
struct Flow {
  Endpoint socket;            ///< Source of our socket; the address may be AF_UNSPEC while unknown.
  std::int64_t start_us = 0;  ///< connect() was called ...
  std::int64_t sent_us = 0;   ///< ... and returned.
  std::int64_t end_us = 0;    ///< The attempt had its result; what came later is not part of it.
  std::uint32_t seen = 0;     ///< protocol::Seen.
  bool has_isn = false;
  std::uint32_t isn = 0;  ///< Initial sequence number of our SYN.
  Endpoint node_peer;     ///< Our side of the connection as packets on the node tap show it, ...
  Endpoint pod_peer;      ///< ... and on the pod tap: differ from `socket` under translation.
  std::uint8_t packet_count = 0;
  std::array<SeenPacket, kMaxFlowPackets> packets{};
};

enum class TapMode {
  kDevices,   ///< Two ends, packets cross devices.
  kLoopback,  ///< The target is local: each packet is seen twice on lo, only node bits are set.
};

/// Matches by source port and address; where address translation changed those, by the SYN's time
/// (it left while connect() ran) on the node tap and by its initial sequence number on the pod tap.
/// A packet that is seen on several devices of a namespace (veth and bridge) counts once; the same
/// packet again on the same device is a retransmission. Where two taps are open, packets on lo are
/// not part of the way between them and are ignored, but for errors that the node itself made.
/// Allocates when made, never afterwards.
class PacketMatcher {
 public:
  /// `capacity` flows at most at any time.
  PacketMatcher(const Endpoint& target, TapMode mode, int capacity);

  /// Watches a connection from `socket`; an earlier one from the same port gets no packets any
  /// more. -1: no room.
  int Add(const Endpoint& socket, std::int64_t start_us, std::int64_t sent_us);
  /// The attempt ended: packets with later stamps, an answer to a repeated SYN for example, no
  /// longer count.
  void End(int flow, std::int64_t end_us);
  /// Forgets a flow; its number is used again.
  void Remove(int flow);
  [[nodiscard]] const Flow& flow(int number) const {
    return flows_[static_cast<std::size_t>(number)];
  }

  /// Whether the packet belongs to a watched connection.
  bool Fold(const SeenPacket& seen);

 private:
  Flow* Find(const SeenPacket& seen, const Endpoint& peer, bool toward_target);
  Flow* FindBySyn(const SeenPacket& seen, const Endpoint& peer);
  Flow* FindTranslated(protocol::Where where, const Endpoint& peer);
  static void SetBits(Flow& flow, const SeenPacket& seen, bool toward_target);

  Endpoint target_;
  TapMode mode_;
  std::vector<Flow> flows_;
  std::vector<bool> in_use_;
  std::vector<int> free_;
  std::vector<std::int32_t> flow_by_port_;  ///< Of all 65536 source ports; -1: none.
  int translated_flows_ = 0;
  /// Sequence numbers of SYNs of others that came into the node's namespace: forwarded on, they
  /// must not be taken for ours.
  std::array<std::uint32_t, 64> foreign_isns_{};
  std::size_t next_foreign_ = 0;
};

/// The packet as a fact. The endpoints of an ICMP error have no port, its `seq` is the quoted one.
protocol::Packet ToFact(const SeenPacket& seen);

}  // namespace netcheck::probe
