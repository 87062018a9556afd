#include "engine/packet_matcher.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace netcheck::probe {
namespace {

using protocol::Where;

/// lo has this number in every network namespace (LOOPBACK_IFINDEX, include/net/flow.h).
constexpr int kLoopbackDevice = 1;
constexpr std::size_t kPorts = 65536;

bool IsSyn(const ParsedPacket& packet) {
  return !packet.is_icmp && (packet.tcp_flags & (kTcpSyn | kTcpAck)) == kTcpSyn;
}

bool IsSynAck(const ParsedPacket& packet) {
  return !packet.is_icmp && (packet.tcp_flags & (kTcpSyn | kTcpAck)) == (kTcpSyn | kTcpAck);
}

bool IsReset(const ParsedPacket& packet) {
  return !packet.is_icmp && (packet.tcp_flags & kTcpRst) != 0;
}

/// A connection's packet as seen from the target.
struct Side {
  Endpoint peer;       ///< The other end.
  bool toward_target;  ///< Of the segment, or of the quoted one.
};

std::optional<Side> SideOf(const ParsedPacket& packet, const Endpoint& target) {
  const Endpoint& source = packet.is_icmp ? packet.quoted.source : packet.source;
  const Endpoint& destination = packet.is_icmp ? packet.quoted.destination : packet.destination;
  if (destination == target) {
    return Side{source, true};
  }
  if (source == target) {
    return Side{destination, false};
  }
  return std::nullopt;
}

Endpoint& PeerOn(Flow& flow, Where where) {
  return where == Where::kPod ? flow.pod_peer : flow.node_peer;
}

bool SamePacket(const SeenPacket& a, const SeenPacket& b) {
  return a.where == b.where && a.packet.is_icmp == b.packet.is_icmp &&
         a.packet.source == b.packet.source && a.packet.destination == b.packet.destination &&
         a.packet.tcp_flags == b.packet.tcp_flags && a.packet.seq == b.packet.seq &&
         a.packet.ack == b.packet.ack && a.packet.icmp_type == b.packet.icmp_type &&
         a.packet.icmp_code == b.packet.icmp_code && a.packet.quoted.seq == b.packet.quoted.seq;
}

/// Keeps the packet, unless it is one seen before on its way through another device.
void Record(Flow& flow, const SeenPacket& seen) {
  for (std::size_t i = flow.packet_count; i > 0; --i) {
    const SeenPacket& earlier = flow.packets[i - 1];
    if (SamePacket(earlier, seen)) {
      if (earlier.device != seen.device || earlier.outgoing != seen.outgoing) {
        return;
      }
      break;
    }
  }
  if (flow.packet_count < kMaxFlowPackets) {
    flow.packets[flow.packet_count] = seen;
    ++flow.packet_count;
  }
}

}  // namespace

PacketMatcher::PacketMatcher(const Endpoint& target, TapMode mode, int capacity)
    : target_(target),
      mode_(mode),
      flows_(static_cast<std::size_t>(capacity)),
      in_use_(flows_.size(), false),
      flow_by_port_(kPorts, -1) {
  free_.reserve(flows_.size());
  for (int i = capacity; i > 0; --i) {
    free_.push_back(i - 1);
  }
}

int PacketMatcher::Add(const Endpoint& socket, std::int64_t start_us, std::int64_t sent_us) {
  if (free_.empty()) {
    return -1;
  }
  const int number = free_.back();
  free_.pop_back();
  in_use_[static_cast<std::size_t>(number)] = true;
  Flow& flow = flows_[static_cast<std::size_t>(number)];
  flow.socket = socket;
  flow.node_peer = socket;
  flow.pod_peer = socket;
  flow.start_us = start_us;
  flow.sent_us = sent_us;
  flow.end_us = std::numeric_limits<std::int64_t>::max();
  flow.seen = 0;
  flow.has_isn = false;
  flow.packet_count = 0;
  flow_by_port_[socket.port] = number;
  return number;
}

void PacketMatcher::End(int flow, std::int64_t end_us) {
  flows_[static_cast<std::size_t>(flow)].end_us = end_us;
}

void PacketMatcher::Remove(int flow) {
  const Flow& removed = flows_[static_cast<std::size_t>(flow)];
  if (flow_by_port_[removed.socket.port] == flow) {
    flow_by_port_[removed.socket.port] = -1;
  }
  if (removed.node_peer != removed.socket || removed.pod_peer != removed.socket) {
    --translated_flows_;
  }
  in_use_[static_cast<std::size_t>(flow)] = false;
  free_.push_back(flow);
}

bool PacketMatcher::Fold(const SeenPacket& seen) {
  if (mode_ == TapMode::kDevices && seen.device == kLoopbackDevice) {
    // What stays inside a namespace says nothing about the way between the two, but for an error
    // that the node made itself, by a reject rule for example.
    const bool local_error = seen.where == Where::kNode && !seen.outgoing &&
                             (seen.packet.is_icmp || IsReset(seen.packet));
    if (!local_error) {
      return false;
    }
  }
  const auto side = SideOf(seen.packet, target_);
  if (!side) {
    return false;
  }
  Flow* flow = Find(seen, side->peer, side->toward_target);
  if (flow == nullptr) {
    if (seen.where == Where::kNode && !seen.outgoing && IsSyn(seen.packet)) {
      foreign_isns_[next_foreign_] = seen.packet.seq;
      next_foreign_ = (next_foreign_ + 1) % foreign_isns_.size();
    }
    return false;
  }
  if (seen.at_us > flow->end_us) {
    return false;
  }
  SetBits(*flow, seen, side->toward_target);
  Record(*flow, seen);
  return true;
}

Flow* PacketMatcher::Find(const SeenPacket& seen, const Endpoint& peer, bool toward_target) {
  const bool is_syn = toward_target && IsSyn(seen.packet);
  const int number = flow_by_port_[peer.port];
  if (number >= 0) {
    Flow& flow = flows_[static_cast<std::size_t>(number)];
    const bool other_syn = is_syn && flow.has_isn && flow.isn != seen.packet.seq;
    if (PeerOn(flow, seen.where) == peer && !other_syn) {
      return &flow;
    }
  }
  if (is_syn) {
    return FindBySyn(seen, peer);
  }
  return translated_flows_ > 0 ? FindTranslated(seen.where, peer) : nullptr;
}

Flow* PacketMatcher::FindTranslated(Where where, const Endpoint& peer) {
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    if (in_use_[i] && PeerOn(flows_[i], where) == peer) {
      return &flows_[i];
    }
  }
  return nullptr;
}

Flow* PacketMatcher::FindBySyn(const SeenPacket& seen, const Endpoint& peer) {
  const bool on_pod = seen.where == Where::kPod;
  if (seen.outgoing == on_pod) {
    return nullptr;  // Only a SYN that leaves the node or reaches the pod.
  }
  const auto is_ours = [&](const Flow& flow) {
    if (flow.has_isn) {
      return flow.isn == seen.packet.seq;
    }
    // The clocks are compared to about a microsecond.
    return !on_pod && flow.start_us - 1 <= seen.at_us && seen.at_us <= flow.sent_us + 1;
  };
  if (!on_pod && std::find(foreign_isns_.begin(), foreign_isns_.end(), seen.packet.seq) !=
                     foreign_isns_.end()) {
    return nullptr;
  }
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    Flow& flow = flows_[i];
    if (!in_use_[i] || !is_ours(flow)) {
      continue;
    }
    if (flow.node_peer == flow.socket && flow.pod_peer == flow.socket && peer != flow.socket) {
      ++translated_flows_;
    }
    if (!on_pod) {
      flow.node_peer = peer;
    }
    flow.pod_peer = peer;
    return &flow;
  }
  return nullptr;
}

void PacketMatcher::SetBits(Flow& flow, const SeenPacket& seen, bool toward_target) {
  const ParsedPacket& packet = seen.packet;
  const bool on_pod = seen.where == Where::kPod;
  const bool left_node_or_reached_pod = seen.outgoing != on_pod;
  if (toward_target && !packet.is_icmp) {
    if (IsSyn(packet) && left_node_or_reached_pod) {
      flow.has_isn = true;
      flow.isn = packet.seq;
      if (on_pod) {
        flow.seen |= seen.other_host ? protocol::kSeenPodSynOtherHost : protocol::kSeenPodSyn;
      } else {
        flow.seen |= protocol::kSeenNodeSyn;
      }
    }
    return;
  }
  if (left_node_or_reached_pod) {
    return;
  }
  // The way back: out of the pod, into the node.
  if (packet.is_icmp) {
    if (toward_target) {
      flow.seen |= on_pod ? protocol::kSeenPodIcmp : protocol::kSeenNodeIcmp;
    }
  } else if (IsReset(packet)) {
    flow.seen |= on_pod ? protocol::kSeenPodRst : protocol::kSeenNodeRst;
  } else if (IsSynAck(packet) && (!flow.has_isn || packet.ack == flow.isn + 1)) {
    flow.seen |= on_pod ? protocol::kSeenPodSynAck : protocol::kSeenNodeSynAck;
  } else if (flow.has_isn &&
             (flow.seen & (on_pod ? protocol::kSeenPodSynAck : protocol::kSeenNodeSynAck)) == 0) {
    flow.seen |= on_pod ? protocol::kSeenPodOther : protocol::kSeenNodeOther;
  }
}

protocol::Packet ToFact(const SeenPacket& seen) {
  const ParsedPacket& packet = seen.packet;
  protocol::Packet fact;
  fact.where = seen.where;
  fact.at_us = seen.at_us;
  fact.kind = PacketKind(packet);
  fact.source =
      packet.is_icmp ? FormatIpAddress(packet.source.address) : FormatEndpoint(packet.source);
  fact.destination = packet.is_icmp ? FormatIpAddress(packet.destination.address)
                                    : FormatEndpoint(packet.destination);
  fact.seq = packet.is_icmp ? packet.quoted.seq : packet.seq;
  fact.ack = packet.ack;
  return fact;
}

}  // namespace netcheck::probe
