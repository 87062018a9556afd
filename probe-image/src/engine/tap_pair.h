#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/address.h"
#include "engine/clock.h"
#include "engine/packet_matcher.h"
#include "engine/tap.h"
#include "protocol/facts.h"
#include "sys/unique_fd.h"

namespace netcheck::probe {

struct TapPairOptions {
  Endpoint target;
  /// The pod's namespace; -1: not known, or the probe's own (hostNetwork).
  int pod_netns_fd = -1;
  /// Connections watched at a time, at most.
  int capacity = 1;
  /// Connections a second that are expected; the rings' size follows from it.
  int connections_per_second = 200;
};

/// Both taps on one target, what they see of the watched connections, and the control connection.
/// Used for a batch of handshakes and for the single connections of a check alike.
///
/// A target whose address belongs to the node itself (hostNetwork, 127.0.0.1) has mode "loopback":
/// one tap on lo, where each packet passes twice, outgoing and received. Only the node's bits are
/// set there, by the same rule as elsewhere: kSeenNodeSyn when sent, the others when received.
class TapPair {
 public:
  /// Never fails: a tap that could not be opened says why in its fact.
  static TapPair Open(const TapPairOptions& options, const ProbeClock& clock);

  /// State of the taps as facts; `pod_tap_fact()` has open = false and a reason in loopback mode.
  [[nodiscard]] const protocol::Tap& node_tap_fact() const { return node_fact_; }
  [[nodiscard]] const protocol::Tap& pod_tap_fact() const { return pod_fact_; }
  /// The source address that routing chooses for the target; AF_UNSPEC when there is no route.
  [[nodiscard]] const IpAddress& source_address() const { return source_; }

  /// Starts a connection from the pod's namespace to a closed port of the node (in loopback mode
  /// from the node's own), so that each tap has something to deliver in each direction even if
  /// every attempt fails. Does not wait for its reset. Does nothing where no such socket is to be
  /// had.
  void StartControlConnection();

  /// Waits until the last control connection was answered, at most so long.
  void AwaitControlConnection(std::chrono::milliseconds timeout);

  /// See PacketMatcher::Add. To be called before the next Drain() after connect().
  int Watch(const Endpoint& socket, std::int64_t start_us, std::int64_t sent_us);
  void End(int flow, std::int64_t end_us) { matcher_.End(flow, end_us); }
  void Forget(int flow) { matcher_.Remove(flow); }
  /// SYN and SYN-ACK were seen wherever there is a tap to see them.
  [[nodiscard]] bool IsWholeHandshake(std::uint32_t seen) const;
  [[nodiscard]] const Flow& flow(int number) const { return matcher_.flow(number); }

  /// Folds in everything that the kernel stamped before this call. What made epoll_wait(2) return
  /// was stamped before it returned, so a connection's bits are complete after the next Drain().
  void Drain();

  /// What the taps delivered and lost since the last call.
  protocol::TapBatch TakeNodeStatistics() { return TakeStatistics(node_tap_, node_counts_); }
  protocol::TapBatch TakePodStatistics() { return TakeStatistics(pod_tap_, pod_counts_); }

 private:
  TapPair(const TapPairOptions& options, const ProbeClock& clock, TapMode mode);
  void OpenTaps(const TapPairOptions& options);
  void ReserveControlPort();
  void Fold(const RawPacket& raw, protocol::Where where, std::int64_t offset_ns);

  struct Counts {
    int in = 0;
    int out = 0;
  };
  static protocol::TapBatch TakeStatistics(std::optional<Tap>& tap, Counts& counts);

  const ProbeClock* clock_;
  TapMode mode_;
  IpAddress source_;
  int pod_netns_fd_;
  UniqueFd control_port_;  ///< Bound, never listening: its port stays closed and ours.
  Endpoint control_endpoint_;
  UniqueFd control_connection_;  ///< The last one started.
  std::optional<Tap> node_tap_;
  std::optional<Tap> pod_tap_;
  protocol::Tap node_fact_;
  protocol::Tap pod_fact_;
  PacketMatcher matcher_;
  Counts node_counts_;
  Counts pod_counts_;
};

}  // namespace netcheck::probe
