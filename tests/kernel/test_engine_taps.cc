#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "engine/clock.h"
#include "engine/packet_parser.h"
#include "engine/tap.h"
#include "engine/tap_filter.h"
#include "engine/tap_pair.h"
#include "kernel/test_engine_namespaces.h"

namespace netcheck::probe {
namespace {

using test::kClosedPort;
using test::kOpenPort;
using test::NodeAndPod;

Endpoint Pod(int port) {
  return {*ParseIpAddress(NodeAndPod::PodAddress(AF_INET)), static_cast<std::uint16_t>(port)};
}

TapOptions OptionsFor(const Endpoint& target) {
  TapOptions options;
  options.filter = BuildTapFilter({target, {}, 0});
  return options;
}

std::vector<std::string> TakeKinds(Tap& tap) {
  std::vector<std::string> kinds;
  while (const RawPacket* raw = tap.Front()) {
    const auto packet = ParsePacket(raw->bytes);
    kinds.push_back((raw->outgoing ? "out " : "in ") + (packet ? PacketKind(*packet) : "?"));
    CHECK(raw->realtime_ns > 0);
    CHECK(raw->device > 1);
    tap.Pop();
  }
  return kinds;
}

TEST_CASE("tap: ring and queue deliver the same packets, and nothing that is not the target's") {
  if (!NodeAndPod::Possible()) {
    return;
  }
  const NodeAndPod nodes;
  TapOptions options = OptionsFor(Pod(kClosedPort));
  auto ring = Tap::Open(options);
  options.use_ring = false;
  auto queue = Tap::Open(options);
  REQUIRE(ring.ok());
  REQUIRE(queue.ok());
  CHECK(test::ConnectOnce(Pod(kOpenPort)) == 0);
  CHECK(test::ConnectOnce(Pod(kClosedPort)) == ECONNREFUSED);
  const std::vector<std::string> expected = {"out SYN", "out SYN", "in RST", "in RST"};
  CHECK(TakeKinds(*ring) == expected);
  CHECK(TakeKinds(*queue) == expected);
  CHECK(ring.value().TakeDropped() == 0);
  CHECK(queue.value().TakeDropped() == 0);
}

TEST_CASE("tap: what does not fit into the ring is counted as dropped") {
  if (!NodeAndPod::Possible()) {
    return;
  }
  const NodeAndPod nodes;
  TapOptions options = OptionsFor(Pod(kClosedPort));
  options.ring_packets = 1;  // Rounded up to 256 packets.
  auto tap = Tap::Open(options);
  REQUIRE(tap.ok());
  for (int i = 0; i < 100; ++i) {
    CHECK(test::ConnectOnce(Pod(kClosedPort)) == ECONNREFUSED);
  }
  CHECK(TakeKinds(*tap).size() == 256);
  CHECK(tap.value().TakeDropped() == 4 * 100 - 256);
  CHECK(tap.value().TakeDropped() == 0);
}

TEST_CASE("tap: a single connection of somebody else can be watched") {
  if (!NodeAndPod::Possible()) {
    return;
  }
  const NodeAndPod nodes;
  const ProbeClock clock;
  TapPairOptions options;
  options.target = Pod(kOpenPort);
  options.pod_netns_fd = nodes.pod_netns_fd();
  TapPair taps = TapPair::Open(options, clock);
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress address = ToSocketAddress(options.target);
  const std::int64_t start_us = clock.NowUs();
  REQUIRE(connect(fd.get(), address.get(), address.size) == 0);
  const int flow = taps.Watch(LocalEndpoint(fd.get()), start_us, clock.NowUs());
  taps.Drain();
  CHECK(taps.flow(flow).seen == (protocol::kSeenNodeSyn | protocol::kSeenPodSyn |
                                 protocol::kSeenPodSynAck | protocol::kSeenNodeSynAck));
  CHECK(taps.flow(flow).packets[0].at_us >= start_us);
  CHECK(taps.flow(flow).packets[0].at_us <= clock.NowUs());
}

}  // namespace
}  // namespace netcheck::probe
