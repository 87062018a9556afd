// Rules about handshakes that the network or the node's tables end: each fires on its case, and
// stays silent on what looks like it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>

#include "diagnosis/finding.h"
#include "support/evidence_builder.h"

namespace netcheck::diagnosis {
namespace {

using protocol::kResultDeadline;
using protocol::Where;
using test::EvidenceBuilder;
using Names = std::vector<std::string>;

constexpr std::uint32_t kSynInPod = protocol::kSeenNodeSyn | protocol::kSeenPodSyn;

Names Codes(const EvidenceBuilder& builder) {
  Names codes;
  for (const Finding& finding : Diagnose(builder.Build()).findings) {
    codes.push_back(finding.code);
  }
  return codes;
}

/// SYNs that reached the pod and got no answer, while another listener of the pod dropped some.
EvidenceBuilder Unanswered(const protocol::Listener& before,
                           const protocol::Listener& after,
                           std::int64_t drops = 33) {
  EvidenceBuilder builder;
  builder.Handshakes(5, {kResultDeadline, kSynInPod})
      .Counter(Where::kPod, "TcpExt.ListenDrops", 7, 7 + drops)
      .Counter(Where::kPod, "TcpExt.ListenOverflows", 7, 40);
  builder.evidence().report.listeners = {{protocol::Moment::kBefore, Where::kPod, {before}},
                                         {protocol::Moment::kAfter, Where::kPod, {after}}};
  return builder;
}

protocol::Listener Listening(std::uint32_t queue, std::optional<std::uint32_t> drops) {
  return {"0.0.0.0", 8080, false, queue, 1, drops};
}

void AddDetails(EvidenceBuilder& builder, const std::string& packet_kind) {
  auto& report = builder.evidence().report;
  for (int i = 0; i < 5; ++i) {
    protocol::HandshakeDetail detail;
    detail.batch = "h0";
    detail.index = i;
    detail.source_address = "10.244.0.1";
    detail.result = EHOSTUNREACH;
    detail.packets = {{Where::kNode, 0, packet_kind, "10.244.0.1", "10.244.0.1", 1, 0}};
    report.handshake_details.push_back(detail);
  }
}

/// Handshakes that ended with EHOSTUNREACH after so long, by an ICMP error of the node itself.
EvidenceBuilder Unreachable(std::int64_t duration_us, const std::string& packet_kind) {
  EvidenceBuilder builder;
  builder.Handshakes(5, {EHOSTUNREACH, protocol::kSeenNodeIcmp});
  for (protocol::HandshakeColumns& columns : builder.evidence().report.handshakes) {
    columns.duration_us = {duration_us};
  }
  AddDetails(builder, packet_kind);
  return builder;
}

}  // namespace

TEST_CASE("drops of the listener itself decide between a full queue and a filter before it") {
  CHECK(Codes(Unanswered(Listening(2, 10), Listening(2, 15))) == Names{"NC-QUEUE-001"});
  // The namespace's counters rose by another listener's drops.
  CHECK(Codes(Unanswered(Listening(0, 10), Listening(0, 10))) == Names{"NC-LOST-003"});
  // Some drops of our listener, no full queue: half-open connections, or something else.
  CHECK(Codes(Unanswered(Listening(0, 10), Listening(0, 15))).empty());
  // One, of many more that were lost, is none of them.
  EvidenceBuilder many = Unanswered(Listening(0, 10), Listening(0, 11));
  many.Handshakes(5, {kResultDeadline, kSynInPod});
  CHECK(Codes(many) == Names{"NC-LOST-003"});
  // Fewer drops than unanswered SYNs: the queue does not explain them all.
  CHECK(Codes(Unanswered(Listening(2, 10), Listening(2, 13))).empty());
}

TEST_CASE("without drops of each listener the namespace's counters have to decide") {
  CHECK(Codes(Unanswered(Listening(2, {}), Listening(2, {}))) == Names{"NC-QUEUE-001"});
  CHECK(Codes(Unanswered(Listening(0, {}), Listening(0, {}))).empty());
  // Another socket than before: its counter began anew.
  CHECK(Codes(Unanswered(Listening(0, 10), Listening(0, 3))).empty());
}

TEST_CASE("full SYN queue: the kernel's count of it accounts for every SYN that was lost") {
  struct Rises {
    std::int64_t queue_full;
    std::uint32_t own;
    std::int64_t all;  ///< Of which 33 are of another listener's full accept queue.
  };
  const auto with = [](const Rises& rises, std::uint32_t waiting = 0) {
    EvidenceBuilder builder =
        Unanswered(Listening(0, 10), Listening(waiting, 10 + rises.own), rises.all)
            .Counter(Where::kPod, "TcpExt.TCPReqQFullDrop", 3, 3 + rises.queue_full);
    auto& listeners = builder.evidence().report.listeners;
    listeners[0].listeners.push_back({"0.0.0.0", 9090, false, 2, 1, 100});
    listeners[1].listeners.push_back({"0.0.0.0", 9090, false, 2, 1, 133});
    return builder;
  };
  const auto certainty = [](const EvidenceBuilder& builder) {
    const auto findings = Diagnose(builder.Build()).findings;
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].code == "NC-QUEUE-002");
    return findings[0].certainty;
  };
  CHECK(certainty(with({6, 6, 39})) == Certainty::kProven);
  // Other listeners' drops might be those of full SYN queues.
  CHECK(certainty(with({6, 6, 43})) == Certainty::kLikely);
  CHECK(certainty(with({10, 6, 43})) == Certainty::kProven);
  // Our own accept queue may have overflowed in a burst.
  EvidenceBuilder alone = with({6, 6, 39});
  for (protocol::Listeners& part : alone.evidence().report.listeners) {
    part.listeners.pop_back();
  }
  CHECK(certainty(alone) == Certainty::kLikely);
  // It dropped nothing itself: somebody before it did.
  CHECK(Codes(with({6, 0, 39})) == Names{"NC-LOST-003"});
  CHECK(Codes(with({0, 6, 39})).empty());
  CHECK(Codes(with({4, 6, 39})).empty());
  CHECK(Codes(with({6, 6, 39}, 2)) == Names{"NC-QUEUE-001"});
}

TEST_CASE("SYN not seen in the pod: not lost where others took nearly as long as was waited") {
  const auto with = [](std::int64_t passed_us) {
    EvidenceBuilder builder;
    builder.Handshakes(5, {0, test::kSeenAll});
    for (protocol::HandshakeColumns& columns : builder.evidence().report.handshakes) {
      columns.duration_us = {passed_us};
    }
    builder.Handshake(41000, {kResultDeadline, protocol::kSeenNodeSyn});
    return Codes(builder);
  };
  CHECK(with(300) == Names{"NC-LOST-002"});
  CHECK(with(820'000).empty());
}

TEST_CASE("stale neighbour: the SYN was addressed to another link-layer address") {
  EvidenceBuilder builder;
  builder.Handshakes(5, {kResultDeadline, protocol::kSeenNodeSyn | protocol::kSeenPodSynOtherHost});
  CHECK(Codes(builder) == Names{"NC-NEIGH-001"});
  // Seen so on a bridge inside of the pod, and then by its IP.
  EvidenceBuilder bridged;
  bridged.Handshakes(5, {kResultDeadline, kSynInPod | protocol::kSeenPodSynOtherHost})
      .Counter(Where::kPod, "TcpExt.ListenDrops", 7, 7);
  CHECK(Codes(bridged) == Names{"NC-LOST-003"});
  EvidenceBuilder healthy;
  healthy.Handshakes(5, {0, test::kSeenAll | protocol::kSeenPodSynOtherHost});
  CHECK(Codes(healthy).empty());
}

TEST_CASE("unresolved neighbour: the node's own ICMP error, late and without a SYN on the wire") {
  CHECK(Codes(Unreachable(3'070'000, "ICMP 3/1")) == Names{"NC-NEIGH-002"});
  // A filter's reject comes at once, and with another code.
  CHECK(Codes(Unreachable(200, "ICMP 3/1")).empty());
  CHECK(Codes(Unreachable(3'070'000, "ICMP 3/13")) == Names{"NC-REJECT-001"});
}

TEST_CASE("unresolved neighbour: the node's neighbour table, where no connection waited so long") {
  const auto with = [](std::vector<protocol::Neighbour> entries) {
    EvidenceBuilder builder;
    builder.Handshakes(5, {kResultDeadline, 0});
    builder.evidence().report.neighbours = {
        {protocol::Moment::kAfter, std::move(entries), 9'000'000}};
    return Codes(builder);
  };
  const Names lost = with({});
  const Names unresolved{"NC-NEIGH-002"};
  CHECK(lost != unresolved);
  CHECK(with({{"10.244.0.5", "veth1", "INCOMPLETE", 700}}) == unresolved);
  CHECK(with({{"10.244.0.5", "veth1", "FAILED", 700}}) == unresolved);
  CHECK(with({{"10.244.0.5", "veth1", "INCOMPLETE", 9'500}}) == unresolved);
  // It failed before the first connection: whatever drops them now, nobody asked again.
  CHECK(with({{"10.244.0.5", "veth1", "FAILED", 9'500}}) == lost);
  CHECK(with({{"10.244.0.6", "veth1", "FAILED", 700}}) == lost);
  CHECK(with({{"10.244.0.5", "veth1", "STALE", 700}}) == lost);
  CHECK(with({{"10.244.0.5", "veth1", "FAILED", 700}, {"10.244.0.5", "veth2", "REACHABLE", 700}}) ==
        lost);
}

TEST_CASE("unresolved neighbour: its entry says nothing of connections that ended otherwise") {
  const auto with_entry = [](EvidenceBuilder builder) {
    builder.evidence().report.neighbours = {
        {protocol::Moment::kAfter, {{"10.244.0.5", "veth1", "FAILED", 700}}, 9'000'000}};
    return Codes(builder);
  };
  CHECK(with_entry(Unreachable(200, "ICMP 3/13")) == Names{"NC-REJECT-001"});
  CHECK(with_entry(Unreachable(3'070'000, "ICMP 3/13")) == Names{"NC-REJECT-001"});
  CHECK(with_entry(Unreachable(200, "ICMP 3/1")).empty());
  EvidenceBuilder refused;
  refused.Handshakes(5, {kResultDeadline, 0}).Handshake(41000, {ECONNREFUSED, 0});
  CHECK(std::ranges::count(with_entry(refused), "NC-NEIGH-002") == 0);
}

TEST_CASE("unresolved neighbour: not where packets went out") {
  EvidenceBuilder sent = Unreachable(3'070'000, "ICMP 3/1");
  sent.Handshake(41000, {kResultDeadline, protocol::kSeenNodeSyn});
  CHECK(std::ranges::count(Codes(sent), "NC-NEIGH-002") == 0);
  EvidenceBuilder from_elsewhere = Unreachable(3'070'000, "ICMP 3/1");
  for (protocol::HandshakeDetail& detail : from_elsewhere.evidence().report.handshake_details) {
    detail.packets[0].source = "10.0.0.254";  // A router said so.
  }
  CHECK(Codes(from_elsewhere).empty());
  CHECK(Codes(Unreachable(3'070'000, "ICMP 3/1").WithoutTaps()).empty());
}

TEST_CASE("rejected by a filter: ICMP errors that TCP never sends") {
  const auto told = [](const std::string& kind, Where where, const char* source) {
    EvidenceBuilder builder = Unreachable(200, kind);
    for (protocol::HandshakeDetail& detail : builder.evidence().report.handshake_details) {
      detail.packets[0].where = where;
      detail.packets[0].source = source;
    }
    return builder;
  };
  CHECK(Codes(told("ICMP 3/13", Where::kNode, "10.244.0.1")) == Names{"NC-REJECT-001"});
  const auto title = [&](const EvidenceBuilder& builder) {
    return Diagnose(builder.Build()).findings.at(0).title;
  };
  CHECK(title(told("ICMP 3/13", Where::kNode, "10.244.0.1")).find("of the node") !=
        std::string::npos);
  CHECK(title(told("ICMP 3/3", Where::kPod, "10.244.0.5")).find("in the pod") != std::string::npos);
  CHECK(title(told("ICMP 3/10", Where::kNode, "10.9.9.9")).find("at 10.9.9.9") !=
        std::string::npos);
  // Routers and the kernel itself say these of hosts that they do not find.
  CHECK(Codes(told("ICMP 3/1", Where::kNode, "10.9.9.9")).empty());
  CHECK(Codes(told("ICMP 3/0", Where::kNode, "10.9.9.9")).empty());
}

TEST_CASE("rejected by a filter: a reset that is not TCP's own, of a port that listens") {
  const auto reset = [](std::int64_t own) {
    EvidenceBuilder builder;
    builder
        .Handshakes(5, {ECONNREFUSED, kSynInPod | protocol::kSeenPodRst | protocol::kSeenNodeRst})
        .Counter(Where::kPod, "Tcp.OutRsts", 8, 8 + own);
    return builder;
  };
  CHECK(Codes(reset(0)).empty());  // Whether the pod forwards for others is not known.
  const auto certainty = [&](std::int64_t own) {
    EvidenceBuilder builder = reset(own);
    const auto findings =
        Diagnose(builder.Counter(Where::kPod, "Ip.ForwDatagrams", 3, 3).Build()).findings;
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].code == "NC-REJECT-001");
    return findings[0].certainty;
  };
  CHECK(certainty(0) == Certainty::kProven);
  CHECK(certainty(2) == Certainty::kLikely);  // Two of five may be TCP's.
  EvidenceBuilder inner = reset(0);           // A container in the container said so.
  CHECK(Codes(inner.Counter(Where::kPod, "Ip.ForwDatagrams", 3, 8)).empty());
  CHECK(Codes(reset(5)).empty());  // A redirect to a closed port: TCP sent them.
  EvidenceBuilder closed = reset(5);
  closed.Listeners({});
  CHECK(Codes(closed) == Names{"NC-LISTEN-001"});
  EvidenceBuilder unseen;
  unseen.Handshakes(5, {ECONNREFUSED, protocol::kSeenNodeSyn | protocol::kSeenNodeRst})
      .Counter(Where::kPod, "Tcp.OutRsts", 8, 8);
  CHECK(Codes(unseen).empty());  // Somebody before the pod sent it.
}

TEST_CASE("address on node: connected from the address that was connected to") {
  const auto own = [](int result, std::uint32_t seen) {
    EvidenceBuilder builder;
    builder.Handshakes(5, {result, seen});
    for (protocol::HandshakeColumns& columns : builder.evidence().report.handshakes) {
      columns.source_address = "10.244.0.5";
    }
    return builder;
  };
  const EvidenceBuilder refused =
      own(ECONNREFUSED, protocol::kSeenNodeSyn | protocol::kSeenNodeRst);
  CHECK(Codes(refused) == Names{"NC-ADDR-001"});
  // Something on the node answers in the pod's place.
  const Report answered = Diagnose(own(0, protocol::kSeenNodeSyn).Build());
  CHECK(answered.findings.empty());
  REQUIRE(answered.risks.size() == 1);
  CHECK(answered.risks[0].code == "NC-ADDR-001");
  EvidenceBuilder elsewhere = refused;  // httpGet.host is an address of the node.
  elsewhere.evidence().pod.ips = {"10.244.0.77"};
  CHECK(std::ranges::count(Codes(elsewhere), "NC-ADDR-001") == 0);
  EvidenceBuilder host_network = refused;
  host_network.evidence().pod.host_network = true;
  CHECK(std::ranges::count(Codes(host_network), "NC-ADDR-001") == 0);
}

TEST_CASE("no route: connect() itself failed, before it had a source address") {
  EvidenceBuilder builder;
  builder.Handshakes(5, {EHOSTUNREACH, 0});
  for (protocol::HandshakeColumns& columns : builder.evidence().report.handshakes) {
    columns.source_address.clear();
  }
  builder.WithoutTaps();  // The error alone says it.
  CHECK(Codes(builder) == Names{"NC-ROUTE-001"});
  EvidenceBuilder later;
  later.Handshakes(5, {EHOSTUNREACH, protocol::kSeenNodeIcmp});
  CHECK(Codes(later).empty());
}

TEST_CASE("source ports: EADDRNOTAVAIL is no dropped packet") {
  EvidenceBuilder builder;
  builder.Handshakes(5, {EADDRNOTAVAIL, 0});
  const Report report = Diagnose(builder.Build());
  REQUIRE(Codes(builder) == Names{"NC-PORTS-001"});
  CHECK(report.findings[0].certainty == Certainty::kProven);
  CHECK(report.findings[0].evidence[1].find("28232 ports") != std::string::npos);
}

TEST_CASE("source ports: over IPv6 the error may mean that no address fits") {
  EvidenceBuilder builder;
  builder.Handshakes(5, {EADDRNOTAVAIL, 0});
  builder.evidence().probes[0].address = "fd00::5";
  CHECK(Diagnose(builder.Build()).findings[0].certainty == Certainty::kLikely);
  builder.Handshake(41000, {0, test::kSeenAll});
  CHECK(Diagnose(builder.Build()).findings[0].certainty == Certainty::kProven);
}

TEST_CASE("handshakes that only take longer than the limit are late, not lost") {
  EvidenceBuilder slow_network;
  slow_network.Handshakes(5, {kResultDeadline, protocol::kSeenNodeSyn});
  EvidenceBuilder lossy = slow_network;
  protocol::CheckAttempt attempt;
  attempt.phase = protocol::CheckPhase::kDone;
  attempt.result = "success";
  attempt.http_status = 200;
  attempt.connect_us = 1'210'000;
  attempt.total_us = 2'420'000;
  slow_network.Check(attempt);
  CHECK(Codes(slow_network) == Names{"NC-TIMEOUT-001"});
  CHECK(Diagnose(slow_network.Build()).unexplained.empty());
  // The check after a slow one waits no longer than kubelet does.
  protocol::CheckAttempt cut_off;
  cut_off.phase = protocol::CheckPhase::kConnect;
  cut_off.connect_result = kResultDeadline;
  cut_off.result = "failure";
  cut_off.output = "dial tcp 10.244.0.5:8080: i/o timeout";
  cut_off.total_us = 1'000'200;
  const Report report = Diagnose(slow_network.Check(cut_off).Build());
  REQUIRE(Codes(slow_network) == Names{"NC-TIMEOUT-001"});
  CHECK(report.unexplained.empty());
  for (const std::string& line : report.findings[0].evidence) {
    CHECK(line.find("no answer for as long as") == std::string::npos);
  }
  attempt.connect_us = 1'020'000;  // The second SYN passed.
  attempt.total_us = 1'022'000;
  CHECK(Codes(lossy.Check(attempt)) == Names{"NC-LOST-002"});
}

TEST_CASE("a check's EHOSTUNREACH ends where its handshakes did") {
  protocol::CheckAttempt attempt = test::RefusedCheck();
  attempt.connect_result = EHOSTUNREACH;
  attempt.source_address = "10.244.0.1";
  attempt.seen = protocol::kSeenNodeIcmp;
  const Report rejected = Diagnose(EvidenceBuilder().Check(attempt).Build());
  REQUIRE(rejected.unexplained.size() == 1);
  CHECK(rejected.unexplained[0].stage == Stage::kRejected);
  attempt.seen = 0;
  attempt.source_address = "0.0.0.0";
  CHECK(Codes(EvidenceBuilder().Check(attempt)) == Names{"NC-ROUTE-001"});
}

}  // namespace netcheck::diagnosis
