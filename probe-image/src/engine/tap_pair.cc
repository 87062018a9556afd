#include "engine/tap_pair.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/tap_filter.h"
#include "sys/netns.h"

namespace netcheck::probe {
namespace {

using protocol::Where;

constexpr int kLoopbackDevice = 1;
constexpr std::int64_t kNsPerUs = 1'000;
constexpr std::int64_t kClockStepNs = 1'000'000'000;

/// Room for 100 ms at four packets a connection on three devices: Drain() is called ten times as
/// often.
int RingPackets(int connections_per_second) {
  return std::clamp(connections_per_second * 12 / 10, 1024, 32768);
}

void SetReuseAddress(int fd) {
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

protocol::Tap FactOf(Where where, TapMode mode) {
  protocol::Tap fact;
  fact.where = where;
  fact.mode = mode == TapMode::kLoopback ? "loopback" : "device";
  return fact;
}

std::optional<Tap> OpenTap(const TapOptions& options, protocol::Tap& fact) {
  auto tap = Tap::Open(options);
  if (!tap) {
    fact.reason = tap.error().message;
    return std::nullopt;
  }
  fact.open = true;
  return std::move(tap).value();
}

}  // namespace

TapPair TapPair::Open(const TapPairOptions& options, const ProbeClock& clock) {
  const TapMode mode =
      IsLocalAddress(options.target.address) ? TapMode::kLoopback : TapMode::kDevices;
  return {options, clock, mode};
}

TapPair::TapPair(const TapPairOptions& options, const ProbeClock& clock, TapMode mode)
    : clock_(&clock),
      mode_(mode),
      pod_netns_fd_(options.pod_netns_fd),
      node_fact_(FactOf(Where::kNode, mode)),
      pod_fact_(FactOf(Where::kPod, mode)),
      matcher_(options.target, mode, options.capacity) {
  if (const auto source = SourceAddressFor(options.target)) {
    source_ = *source;
    ReserveControlPort();
  }
  OpenTaps(options);
}

void TapPair::OpenTaps(const TapPairOptions& options) {
  TapOptions tap;
  tap.filter = BuildTapFilter({options.target, source_, control_endpoint_.port});
  tap.ring_packets = RingPackets(options.connections_per_second);
  if (mode_ == TapMode::kLoopback) {
    tap.device = kLoopbackDevice;
    node_tap_ = OpenTap(tap, node_fact_);
    pod_fact_.reason = "the target is an address of the node itself";
    return;
  }
  node_tap_ = OpenTap(tap, node_fact_);
  if (pod_netns_fd_ < 0) {
    pod_fact_.reason = "the pod's network namespace is not known";
    return;
  }
  tap.netns_fd = pod_netns_fd_;
  pod_tap_ = OpenTap(tap, pod_fact_);
}

void TapPair::ReserveControlPort() {
  UniqueFd fd(socket(source_.family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) {
    return;
  }
  SetReuseAddress(fd.get());  // An attempt may have this very source port all the same.
  const SocketAddress address = ToSocketAddress({source_, 0});
  if (bind(fd.get(), address.get(), address.size) != 0) {
    return;
  }
  control_endpoint_ = LocalEndpoint(fd.get());
  control_port_ = std::move(fd);
}

void TapPair::StartControlConnection() {
  if (!control_port_.valid()) {
    return;
  }
  constexpr int kType = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  UniqueFd fd;
  if (mode_ == TapMode::kLoopback) {
    fd = UniqueFd(socket(source_.family, kType, 0));
  } else if (pod_netns_fd_ >= 0) {
    auto made = SocketInNetns(pod_netns_fd_, source_.family, kType, 0);
    if (made) {
      fd = std::move(made).value();
    }
  }
  if (!fd.valid()) {
    return;
  }
  const linger reset{1, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  const SocketAddress address = ToSocketAddress(control_endpoint_);
  static_cast<void>(connect(fd.get(), address.get(), address.size));
  control_connection_ = std::move(fd);
}

void TapPair::AwaitControlConnection(std::chrono::milliseconds timeout) {
  if (control_connection_.valid()) {
    pollfd waiting{control_connection_.get(), POLLOUT, 0};
    static_cast<void>(poll(&waiting, 1, static_cast<int>(timeout.count())));
  }
}

int TapPair::Watch(const Endpoint& socket, std::int64_t start_us, std::int64_t sent_us) {
  return matcher_.Add(socket, start_us, sent_us);
}

bool TapPair::IsWholeHandshake(std::uint32_t seen) const {
  const std::uint32_t on_node = node_tap_ ? protocol::kSeenNodeSyn | protocol::kSeenNodeSynAck : 0U;
  const std::uint32_t on_pod = pod_tap_ ? protocol::kSeenPodSyn | protocol::kSeenPodSynAck : 0U;
  return (seen & (on_node | on_pod)) == (on_node | on_pod);
}

void TapPair::Drain() {
  if (!node_tap_ && !pod_tap_) {
    return;
  }
  const std::int64_t offset_ns = clock_->RealtimeOffsetNs();
  const std::int64_t until_ns = offset_ns + (clock_->NowUs() + 1) * kNsPerUs;
  const auto is_later = [&](const RawPacket& packet) {
    // A stamp far ahead means that the time was set back: not a reason to wait.
    return packet.realtime_ns > until_ns && packet.realtime_ns < until_ns + kClockStepNs;
  };
  // In the order of the stamps: a SYN is known from the node before it shows up in the pod.
  while (true) {
    const RawPacket* node = node_tap_ ? node_tap_->Front() : nullptr;
    const RawPacket* pod = pod_tap_ ? pod_tap_->Front() : nullptr;
    const bool take_node =
        node != nullptr && (pod == nullptr || node->realtime_ns <= pod->realtime_ns);
    const RawPacket* next = take_node ? node : pod;
    if (next == nullptr || is_later(*next)) {
      return;
    }
    Fold(*next, take_node ? Where::kNode : Where::kPod, offset_ns);
    take_node ? node_tap_->Pop() : pod_tap_->Pop();
  }
}

void TapPair::Fold(const RawPacket& raw, Where where, std::int64_t offset_ns) {
  const auto packet = ParsePacket(raw.bytes);
  if (!packet) {
    return;
  }
  if (mode_ == TapMode::kLoopback || raw.device != kLoopbackDevice) {
    Counts& counts = where == Where::kNode ? node_counts_ : pod_counts_;
    ++(raw.outgoing ? counts.out : counts.in);
  }
  matcher_.Fold({where,
                 (raw.realtime_ns - offset_ns) / kNsPerUs,
                 raw.device,
                 raw.outgoing,
                 *packet,
                 raw.other_host});
}

protocol::TapBatch TapPair::TakeStatistics(std::optional<Tap>& tap, Counts& counts) {
  protocol::TapBatch batch;
  if (tap) {
    batch.open = true;
    batch.dropped = tap->TakeDropped();
    batch.packets_in = counts.in;
    batch.packets_out = counts.out;
  }
  counts = {};
  return batch;
}

}  // namespace netcheck::probe
