#include <doctest/doctest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "engine/batch_run.h"
#include "kernel/test_engine_namespaces.h"

// Every way a handshake can end, on a real kernel, and what the taps show of it.
namespace netcheck::probe {
namespace {

using protocol::kResultDeadline;
using protocol::kResultNotTried;
using test::kClosedPort;
using test::kOpenPort;
using test::NodeAndPod;

constexpr std::uint32_t kSeenSyn = protocol::kSeenNodeSyn | protocol::kSeenPodSyn;
constexpr std::uint32_t kSeenSynAck = protocol::kSeenNodeSynAck | protocol::kSeenPodSynAck;
constexpr std::uint32_t kSeenRst = protocol::kSeenNodeRst | protocol::kSeenPodRst;
constexpr std::uint32_t kSeenIcmp = protocol::kSeenNodeIcmp | protocol::kSeenPodIcmp;

BatchOptions OptionsFor(const NodeAndPod& nodes, int family, int port) {
  BatchOptions options;
  options.id = "batch";
  options.address = NodeAndPod::PodAddress(family);
  options.port = port;
  options.source_ports = {0, 0, 45001, 45002, 45003};
  options.timeout = std::chrono::milliseconds(300);
  options.connections_per_second = 1000;
  options.pod_netns_fd = nodes.pod_netns_fd();
  return options;
}

struct Outcome {
  AttemptTable attempts;
  protocol::BatchEnd end;
  std::vector<protocol::HandshakeDetail> details;
  protocol::Tap node_tap;
  protocol::Tap pod_tap;
  std::string source_address;
};

Outcome RunBatch(const BatchOptions& options, const RunHook& hook = {}) {
  const ProbeClock clock;
  auto opened = BatchRun::Open(options, clock);
  REQUIRE(opened.ok());
  BatchRun& batch = **opened;
  REQUIRE(batch.Run(options.source_ports.size(), hook).ok());
  const protocol::BatchEnd end = batch.Finish();
  return {batch.attempts(),
          end,
          batch.Details(),
          batch.node_tap_fact(),
          batch.pod_tap_fact(),
          batch.source_address()};
}

/// Every attempt ended so, both taps work and lost nothing.
void CheckAll(const Outcome& outcome, int result, std::uint32_t seen) {
  for (std::size_t i = 0; i < outcome.attempts.size(); ++i) {
    CAPTURE(i);
    CHECK(outcome.attempts.results[i] == result);
    CHECK(outcome.attempts.seen[i] == seen);
  }
  CHECK(outcome.end.tried == outcome.end.planned);
  for (const protocol::TapBatch& tap : {outcome.end.node_tap, outcome.end.pod_tap}) {
    CHECK(tap.open);
    CHECK(tap.dropped == 0);
    CHECK(tap.packets_in > 0);
    CHECK(tap.packets_out > 0);
  }
}

std::vector<std::string> Kinds(const protocol::HandshakeDetail& detail) {
  std::vector<std::string> kinds;
  for (const protocol::Packet& packet : detail.packets) {
    kinds.push_back((packet.where == protocol::Where::kPod ? "pod " : "node ") + packet.kind);
  }
  return kinds;
}

/// Runs the test's body for IPv4 and IPv6, each with a fresh node and pod.
template <typename Body>
void ForBothFamilies(const Body& body) {
  if (!NodeAndPod::Possible()) {
    return;
  }
  for (const int family : {AF_INET, AF_INET6}) {
    CAPTURE(family);
    const NodeAndPod nodes;
    body(nodes, family);
  }
}

TEST_CASE("handshake: established, source ports chosen by the kernel and by us") {
  ForBothFamilies([](const NodeAndPod& nodes, int family) {
    const Outcome outcome = RunBatch(OptionsFor(nodes, family, kOpenPort));
    CheckAll(outcome, 0, kSeenSyn | kSeenSynAck);
    CHECK(outcome.end.established == 5);
    CHECK(outcome.end.failed == 0);
    CHECK(outcome.details.empty());
    CHECK(outcome.source_address == NodeAndPod::NodeAddress(family));
    CHECK(outcome.node_tap.mode == "device");
    CHECK(outcome.attempts.source_ports[0] >= 32768);
    CHECK(outcome.attempts.source_ports[2] == 45001);
    CHECK(std::is_sorted(outcome.attempts.start_us.begin(), outcome.attempts.start_us.end()));
  });
}

TEST_CASE("handshake: refused by the pod's kernel") {
  ForBothFamilies([](const NodeAndPod& nodes, int family) {
    const Outcome outcome = RunBatch(OptionsFor(nodes, family, kClosedPort));
    CheckAll(outcome, ECONNREFUSED, kSeenSyn | kSeenRst);
    REQUIRE(outcome.details.size() == 5);
    const protocol::HandshakeDetail& detail = outcome.details[2];
    CHECK(detail.index == 2);
    CHECK(detail.source_port == 45001);
    CHECK(detail.error ==
          "dial tcp " +
              FormatEndpoint({*ParseIpAddress(NodeAndPod::PodAddress(family)), kClosedPort}) +
              ": connect: connection refused");
    CHECK(detail.tcp_state == "CLOSE");
    CHECK(Kinds(detail) == std::vector<std::string>{"node SYN", "pod SYN", "pod RST", "node RST"});
  });
}

TEST_CASE("handshake: SYN dropped in the pod") {
  ForBothFamilies([](const NodeAndPod& nodes, int family) {
    nodes.InPod(
        "nft add table inet t && "
        "nft \"add chain inet t input { type filter hook input priority 0; }\" && "
        "nft add rule inet t input tcp dport 8080 drop");
    const Outcome outcome = RunBatch(OptionsFor(nodes, family, kOpenPort));
    CheckAll(outcome, kResultDeadline, kSeenSyn);
    REQUIRE(outcome.details.size() == 5);
    CHECK(outcome.details[0].tcp_state == "SYN_SENT");
    CHECK(Kinds(outcome.details[0]) == std::vector<std::string>{"node SYN", "pod SYN"});
  });
}

TEST_CASE("handshake: a SYN that is sent again is told from one seen on two devices") {
  ForBothFamilies([](const NodeAndPod& nodes, int family) {
    nodes.InPod(
        "nft add table inet t && "
        "nft \"add chain inet t input { type filter hook input priority 0; }\" && "
        "nft add rule inet t input tcp dport 8080 drop");
    BatchOptions options = OptionsFor(nodes, family, kOpenPort);
    options.timeout = std::chrono::milliseconds(1800);
    const Outcome outcome = RunBatch(options);
    CheckAll(outcome, kResultDeadline, kSeenSyn);
    REQUIRE(outcome.details.size() == 5);
    CHECK(outcome.details[0].retransmits == 1);
    CHECK(Kinds(outcome.details[0]) ==
          std::vector<std::string>{"node SYN", "pod SYN", "node SYN", "pod SYN"});
  });
}

TEST_CASE("handshake: SYN-ACK dropped on the node") {
  ForBothFamilies([](const NodeAndPod& nodes, int family) {
    NodeAndPod::InNode(
        "nft add table inet t && "
        "nft 'add chain inet t input { type filter hook input priority 0; }' && "
        "nft add rule inet t input tcp sport 8080 drop");
    CheckAll(
        RunBatch(OptionsFor(nodes, family, kOpenPort)), kResultDeadline, kSeenSyn | kSeenSynAck);
  });
}

TEST_CASE("handshake: SYN dropped before it leaves the node") {
  ForBothFamilies([](const NodeAndPod& nodes, int family) {
    NodeAndPod::InNode(
        "nft add table inet t && "
        "nft 'add chain inet t output { type filter hook output priority 0; }' && "
        "nft add rule inet t output tcp dport 8080 drop");
    // CheckAll() holds because of the control connection alone.
    CheckAll(RunBatch(OptionsFor(nodes, family, kOpenPort)), kResultDeadline, 0);
  });
}

TEST_CASE("handshake: rejected with ICMP in the pod") {
  ForBothFamilies([](const NodeAndPod& nodes, int family) {
    nodes.InPod(
        "nft add table inet t && "
        "nft \"add chain inet t input { type filter hook input priority 0; }\" && "
        "nft add rule inet t input tcp dport 8080 reject with icmpx type port-unreachable");
    const Outcome outcome = RunBatch(OptionsFor(nodes, family, kOpenPort));
    CheckAll(outcome, ECONNREFUSED, kSeenSyn | kSeenIcmp);
    REQUIRE(outcome.details.size() == 5);
    const std::string kind = family == AF_INET ? "ICMP 3/3" : "ICMP 1/4";
    CHECK(Kinds(outcome.details[0]) ==
          std::vector<std::string>{"node SYN", "pod SYN", "pod " + kind, "node " + kind});
  });
}

TEST_CASE("handshake: rejected on the node itself") {
  ForBothFamilies([](const NodeAndPod& nodes, int family) {
    NodeAndPod::InNode(
        "nft add table inet t && "
        "nft 'add chain inet t output { type filter hook output priority 0; }' && "
        "nft add rule inet t output tcp dport 8080 reject with tcp reset");
    CheckAll(RunBatch(OptionsFor(nodes, family, kOpenPort)), ECONNREFUSED, protocol::kSeenNodeRst);
  });
}

TEST_CASE("handshake: no route") {
  ForBothFamilies([](const NodeAndPod& nodes, int family) {
    const bool v4 = family == AF_INET;
    NodeAndPod::InNode(v4 ? "ip route add unreachable 203.0.113.0/24"
                          : "ip -6 route add unreachable 2001:db8::/64");
    BatchOptions options = OptionsFor(nodes, family, kOpenPort);
    options.address = v4 ? "203.0.113.1" : "2001:db8::1";
    const Outcome outcome = RunBatch(options);
    for (std::size_t i = 0; i < outcome.attempts.size(); ++i) {
      CHECK(outcome.attempts.results[i] == EHOSTUNREACH);
      CHECK(outcome.attempts.seen[i] == 0);
    }
    CHECK(outcome.source_address.empty());
    CHECK(outcome.end.failed == 5);
  });
}

TEST_CASE("handshake: target on the node itself") {
  ForBothFamilies([](const NodeAndPod& nodes, int family) {
    const UniqueFd listener = test::ListenOn(kOpenPort);
    for (const std::string& address :
         {NodeAndPod::NodeAddress(family), std::string(family == AF_INET ? "127.0.0.1" : "::1")}) {
      CAPTURE(address);
      BatchOptions options = OptionsFor(nodes, family, kOpenPort);
      options.address = address;
      options.pod_netns_fd = -1;
      const Outcome open = RunBatch(options);
      options.port = kClosedPort;
      const Outcome closed = RunBatch(options);
      for (std::size_t i = 0; i < open.attempts.size(); ++i) {
        CHECK(open.attempts.results[i] == 0);
        CHECK(open.attempts.seen[i] == (protocol::kSeenNodeSyn | protocol::kSeenNodeSynAck));
        CHECK(closed.attempts.results[i] == ECONNREFUSED);
        CHECK(closed.attempts.seen[i] == (protocol::kSeenNodeSyn | protocol::kSeenNodeRst));
      }
      CHECK(open.node_tap.open);
      CHECK(open.node_tap.mode == "loopback");
      CHECK(!open.pod_tap.open);
      CHECK(!open.pod_tap.reason.empty());
      CHECK(Kinds(closed.details.at(0)) == std::vector<std::string>{"node SYN", "node RST"});
    }
  });
}

TEST_CASE("handshake: address and port translated on the way") {
  ForBothFamilies([](const NodeAndPod& nodes, int family) {
    NodeAndPod::InNode(family == AF_INET ? "ip address add 10.99.0.3/24 dev br0"
                                         : "ip address add fd99::3/64 dev br0 nodad");
    NodeAndPod::InNode(
        std::string("nft add table inet n && "
                    "nft 'add chain inet n post { type nat hook postrouting priority 100; }' && "
                    "nft add rule inet n post tcp dport 8080 snat ") +
        (family == AF_INET ? "ip to 10.99.0.3:20000-20100" : "ip6 to [fd99::3]:20000-20100"));
    CheckAll(RunBatch(OptionsFor(nodes, family, kOpenPort)), 0, kSeenSyn | kSeenSynAck);
    nodes.InPod(
        "nft add table inet t && "
        "nft \"add chain inet t input { type filter hook input priority 0; }\" && "
        "nft add rule inet t input tcp dport 8080 drop");
    CheckAll(RunBatch(OptionsFor(nodes, family, kOpenPort)), kResultDeadline, kSeenSyn);
  });
}

TEST_CASE("handshake: a port in use is not tried") {
  ForBothFamilies([](const NodeAndPod& nodes, int family) {
    const UniqueFd owner = test::ListenOn(45002);
    const Outcome outcome = RunBatch(OptionsFor(nodes, family, kOpenPort));
    CHECK(outcome.attempts.results == std::vector<std::int32_t>{0, 0, 0, kResultNotTried, 0});
    CHECK(outcome.end.not_tried == 1);
    CHECK(outcome.end.not_tried_reason == "source port in use: 1");
    CHECK(outcome.end.failed == 0);
  });
}

TEST_CASE("handshake: a port in TIME_WAIT towards somebody else is shared where the kernel can") {
  ForBothFamilies([](const NodeAndPod& nodes, int family) {
    const bool v4 = family == AF_INET;
    nodes.InPod(v4 ? "ip address add 10.99.0.4/24 dev eth0"
                   : "ip address add fd99::4/64 dev eth0 nodad");
    const Endpoint other{*ParseIpAddress(v4 ? "10.99.0.4" : "fd99::4"), kOpenPort};
    BatchOptions options = OptionsFor(nodes, family, kOpenPort);
    options.source_ports.clear();
    for (int i = 0; i < 5; ++i) {
      options.source_ports.push_back(test::LeaveInTimeWait(other));
    }
    const Outcome outcome = RunBatch(options);
    const bool can_share = test::KernelSharesPorts();
    CHECK(outcome.end.not_tried == (can_share ? 0 : 5));
    CHECK(outcome.end.established == (can_share ? 5 : 0));
    for (std::size_t i = 0; can_share && i < 5; ++i) {
      CHECK(outcome.attempts.source_ports[i] == options.source_ports[i]);
    }
  });
}

TEST_CASE("handshake: ports that an earlier batch left in TIME_WAIT can be used again") {
  ForBothFamilies([](const NodeAndPod& nodes, int family) {
    BatchOptions options = OptionsFor(nodes, family, kOpenPort);
    options.source_ports = {0, 0, 0, 0};
    const Outcome first = RunBatch(options);
    CheckAll(first, 0, kSeenSyn | kSeenSynAck);
    options.source_ports = first.attempts.source_ports;
    CheckAll(RunBatch(options), 0, kSeenSyn | kSeenSynAck);
  });
}

TEST_CASE("handshake: the hook stops a batch") {
  ForBothFamilies([](const NodeAndPod& nodes, int family) {
    nodes.InPod("ip route add blackhole 10.99.0.1/32 && ip -6 route add blackhole fd99::1/128");
    BatchOptions options = OptionsFor(nodes, family, kOpenPort);
    options.source_ports.assign(1000, 0);
    options.timeout = std::chrono::seconds(30);
    int calls = 0;
    const Outcome outcome = RunBatch(options, [&] { return ++calls == 3; });
    CHECK(calls == 3);
    CHECK(outcome.end.not_tried == 1000);
    CHECK(outcome.end.not_tried_reason == "stopped: 1000");
  });
}

}  // namespace
}  // namespace netcheck::probe
