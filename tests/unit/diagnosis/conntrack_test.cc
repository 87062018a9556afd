// A full or filling conntrack table, its look-alikes, and who is named for it.
#include <doctest/doctest.h>

#include <cerrno>

#include "diagnosis/finding.h"
#include "protocol/json.h"
#include "support/evidence_builder.h"
#include "support/mentions.h"

namespace netcheck::diagnosis {
namespace {

using protocol::ConntrackUsage;
using protocol::kResultDeadline;
using protocol::Where;
using test::EvidenceBuilder;
using test::Mentions;
using Counts = std::map<std::string, std::int64_t>;

constexpr std::int64_t kMax = 4096;
constexpr std::uint32_t kReachedPod = protocol::kSeenNodeSyn | protocol::kSeenPodSyn;
const Counts kDropped = {{"drop", 9}, {"insert_failed", 0}, {"early_drop", 0}};

std::vector<std::string> Codes(const std::vector<Finding>& findings) {
  std::vector<std::string> codes;
  for (const Finding& finding : findings) {
    codes.push_back(finding.code);
  }
  return codes;
}

using Names = std::vector<std::string>;

/// Nothing left the node; not even the control connection was answered.
EvidenceBuilder Unanswered() {
  EvidenceBuilder builder;
  builder.Handshakes(5, {kResultDeadline, 0});
  auto& end = builder.evidence().report.batch_ends.front();
  end.node_tap = {true, 0, 4, 0};
  end.pod_tap = {true, 0, 0, 4};
  return builder;
}

ConntrackUsage Opener(const std::string& address, std::int64_t entries) {
  ConntrackUsage usage;
  usage.where = Where::kNode;
  usage.address = address;
  usage.opened = entries;
  usage.assured = entries;
  usage.states = {{"TCP ESTABLISHED", entries}};
  usage.destinations = {{"203.0.113.9:443", entries}};
  return usage;
}

void AddPod(EvidenceBuilder& builder, const std::string& name, const std::string& address) {
  builder.evidence().neighbours.push_back(
      {"shop", name, name + "-uid", name + "-uid", {address}, false, "ReplicaSet", name + "-rs"});
}

void AddSockets(EvidenceBuilder& builder,
                const std::string& name,
                const std::string& address,
                const Counts& states) {
  builder.evidence().report.pod_sockets.push_back(
      {protocol::Moment::kAfter, name + "-uid", 4026532001, {address}, 0, true, states});
}

void AddUsage(EvidenceBuilder& builder,
              const std::vector<ConntrackUsage>& holders,
              std::int64_t entries = kMax) {
  ConntrackUsage whole;
  whole.where = Where::kNode;
  whole.opened = entries;
  whole.assured = entries - 50;
  whole.states = {{"TCP ESTABLISHED", entries}};
  builder.evidence().report.conntrack_usage = {whole};
  for (const ConntrackUsage& holder : holders) {
    builder.evidence().report.conntrack_usage.push_back(holder);
  }
}

/// A full table with a leak in shop/crawler and a busy neighbour, shop/api.
EvidenceBuilder FullByCrawler() {
  EvidenceBuilder builder = Unanswered();
  builder.Conntrack(Where::kNode, {kMax, kMax, kMax}, kMax, kDropped);
  AddUsage(builder, {Opener("10.244.0.9", 3500), Opener("10.244.0.7", 400)});
  AddPod(builder, "crawler", "10.244.0.9");
  AddPod(builder, "api", "10.244.0.7");
  AddSockets(builder, "crawler", "10.244.0.9", {{"ESTABLISHED", 3502}, {"SYN_SENT", 40}});
  AddSockets(builder, "api", "10.244.0.7", {{"ESTABLISHED", 400}});
  return builder;
}

bool Blames(const Report& report, const std::string& name) {
  for (const auto* findings : {&report.findings, &report.risks}) {
    for (const Finding& finding : *findings) {
      if (finding.title.find(name) != std::string::npos || Mentions(finding.fix, name)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

TEST_CASE("conntrack full: proven, with the leaking pod and not its busy neighbour") {
  const Report report = Diagnose(FullByCrawler().Build());
  REQUIRE(Codes(report.findings) == Names{"NC-CONNTRACK-001"});
  const Finding& finding = report.findings[0];
  CHECK(finding.certainty == Certainty::kProven);
  CHECK(finding.subject == "node node-a");
  CHECK(finding.claims.size() == 5);
  CHECK(Blames(report, "pod shop/crawler (ReplicaSet crawler-rs, 10.244.0.9)"));
  CHECK_FALSE(Blames(report, "shop/api"));
  CHECK(Mentions(finding.evidence, "3500 opened by it (85 %)"));
  CHECK(Mentions(finding.evidence, "3500 203.0.113.9:443"));
  CHECK(Mentions(finding.evidence, "inside its network namespace: 3502"));
  CHECK(Mentions(finding.fix, "node_nf_conntrack_entries / node_nf_conntrack_entries_limit > 0.7"));
  CHECK(Mentions(finding.fix, "maxPerCore"));
  CHECK(report.unexplained.empty());
}

TEST_CASE("conntrack full: without names the pod is told by address and UID") {
  EvidenceBuilder builder = FullByCrawler();
  builder.evidence().neighbours.clear();
  CHECK(Blames(Diagnose(builder.Build()), "the pod with UID crawler-uid (10.244.0.9)"));
}

TEST_CASE("conntrack full: nobody is blamed where the two ways disagree") {
  EvidenceBuilder gone = FullByCrawler();
  gone.evidence().report.pod_sockets[0].states = {{"ESTABLISHED", 12}};
  CHECK_FALSE(Blames(Diagnose(gone.Build()), "crawler"));
  EvidenceBuilder uncounted = FullByCrawler();
  uncounted.evidence().report.pod_sockets[0].counted = false;
  CHECK_FALSE(Blames(Diagnose(uncounted.Build()), "crawler"));
  EvidenceBuilder unread = FullByCrawler();
  unread.evidence().report.pod_sockets.clear();
  const Report report = Diagnose(unread.Build());
  CHECK(Codes(report.findings) == Names{"NC-CONNTRACK-001"});
  CHECK_FALSE(Blames(report, "crawler"));
  CHECK(Mentions(report.findings[0].evidence, "shop/crawler"));  // A holder all the same.
}

TEST_CASE("conntrack full: nobody is blamed who holds less than half, or serves many clients") {
  EvidenceBuilder spread = FullByCrawler();
  AddUsage(spread, {Opener("10.244.0.9", 2000), Opener("10.244.0.7", 1900)});
  spread.evidence().report.pod_sockets[0].states = {{"ESTABLISHED", 2000}};
  CHECK_FALSE(Blames(Diagnose(spread.Build()), "crawler"));
  EvidenceBuilder server = FullByCrawler();
  ConntrackUsage accepts = Opener("10.244.0.9", 3500);
  std::swap(accepts.opened, accepts.accepted);
  AddUsage(server, {accepts});
  CHECK_FALSE(Blames(Diagnose(server.Build()), "crawler"));
  // But a server that does not close what its clients have closed leaks.
  server.evidence().report.pod_sockets[0].states = {{"CLOSE_WAIT", 3400}, {"ESTABLISHED", 90}};
  CHECK(Blames(Diagnose(server.Build()), "crawler"));
}

TEST_CASE("conntrack full: of two pods with the same connections the one that leaves them open") {
  EvidenceBuilder builder = FullByCrawler();
  ConntrackUsage accepts = Opener("10.244.0.7", 3500);
  std::swap(accepts.opened, accepts.accepted);
  AddUsage(builder, {Opener("10.244.0.9", 3500), accepts});
  builder.evidence().report.pod_sockets[1].states = {{"ESTABLISHED", 3500}};
  CHECK(Blames(Diagnose(builder.Build()), "crawler"));
  builder.evidence().report.pod_sockets[0].states = {{"FIN_WAIT2", 3500}};
  builder.evidence().report.pod_sockets[1].states = {{"CLOSE_WAIT", 3500}};
  const Report report = Diagnose(builder.Build());
  CHECK(Blames(report, "shop/api"));
  CHECK_FALSE(Blames(report, "crawler"));
}

TEST_CASE("conntrack full: a hostNetwork pod with the node's address is not taken for the node") {
  EvidenceBuilder builder = FullByCrawler();
  builder.evidence().node.addresses = {"192.0.2.1"};
  builder.evidence().neighbours[0].ips = {"192.0.2.1"};
  builder.evidence().neighbours[0].host_network = true;
  AddUsage(builder, {Opener("192.0.2.1", 3500)});
  const Report report = Diagnose(builder.Build());
  CHECK_FALSE(Blames(report, "crawler"));
  CHECK(Mentions(report.findings[0].evidence, "the node itself and its hostNetwork pods"));
}

TEST_CASE("conntrack full: the kernel's log of this namespace, or of nobody knows which") {
  EvidenceBuilder builder = FullByCrawler();
  builder.evidence().report.targets[0].node_netns = 4026531840;
  builder.evidence().report.counters.push_back(
      {protocol::Moment::kAfter,
       Where::kNode,
       {{"KernelLog.ConntrackFull.4026531840", 10}, {"KernelLog.ConntrackFull.4026532001", 77}}});
  const Report report = Diagnose(builder.Build());
  CHECK(Mentions(report.findings[0].evidence, "10 lines"));
  CHECK_FALSE(Mentions(report.findings[0].evidence, "77 lines"));
}

TEST_CASE("conntrack full: likely without taps") {
  EvidenceBuilder builder = FullByCrawler();
  builder.WithoutTaps();
  const Report report = Diagnose(builder.Build());
  REQUIRE(Codes(report.findings) == Names{"NC-CONNTRACK-001"});
  CHECK(report.findings[0].certainty == Certainty::kLikely);
}

TEST_CASE("conntrack full: look-alikes") {
  // A rule in OUTPUT drops: conntrack counts nothing, the table has room.
  EvidenceBuilder rule;
  rule.Handshakes(5, {kResultDeadline, 0})
      .Counter(Where::kNode, "TcpExt.TCPRetransFail", 0, 5)
      .Conntrack(Where::kNode, {40, 40, 40}, kMax, {{"drop", 0}, {"insert_failed", 0}});
  CHECK(Codes(Diagnose(rule.Build()).findings) == Names{"NC-LOST-001"});
  // The SNAT range is used up, or entries clash: insert_failed with each drop.
  EvidenceBuilder snat;
  snat.Handshakes(5, {kResultDeadline, 0})
      .Conntrack(Where::kNode, {40, 40, 40}, kMax, {{"drop", 5}, {"insert_failed", 5}});
  CHECK(Codes(Diagnose(snat.Build()).findings) == Names{"NC-LOST-001"});
  // The table is full, and yet what failed was lost further on.
  EvidenceBuilder elsewhere = FullByCrawler();
  elsewhere.evidence().report.handshakes.clear();
  elsewhere.evidence().report.batch_ends.clear();
  elsewhere.Handshakes(5, {kResultDeadline, protocol::kSeenNodeSyn});
  CHECK(Codes(Diagnose(elsewhere.Build()).findings) == Names{"NC-LOST-002"});
  // Fewer were dropped than got no answer.
  EvidenceBuilder few = Unanswered();
  few.Conntrack(Where::kNode, {kMax, kMax, kMax}, kMax, {{"drop", 2}, {"insert_failed", 0}});
  CHECK(Codes(Diagnose(few.Build()).findings).empty());
}

TEST_CASE("conntrack full: that of the pod's own namespace") {
  EvidenceBuilder builder;
  builder.Handshakes(5, {kResultDeadline, kReachedPod})
      .Conntrack(Where::kNode, {40, 41, 46}, kMax, {{"drop", 0}, {"insert_failed", 0}})
      .Conntrack(Where::kPod, {kMax, kMax, kMax}, kMax, kDropped);
  builder.evidence().report.batch_ends.front().pod_tap = {true, 0, 5, 0};
  const Report report = Diagnose(builder.Build());
  REQUIRE(Codes(report.findings) == Names{"NC-CONNTRACK-001"});
  CHECK(report.findings[0].subject == "pod default/web");
  CHECK(report.findings[0].certainty == Certainty::kProven);
}

TEST_CASE("conntrack filling: a risk with a forecast") {
  EvidenceBuilder builder;
  builder.Handshakes(20, {0, test::kSeenAll})
      .HttpAnswer(200, 900)
      .Conntrack(Where::kNode, {3000, 3020, 3121}, kMax, {{"drop", 0}, {"insert_failed", 0}});
  AddUsage(builder, {Opener("10.244.0.9", 2900)}, 3121);
  AddPod(builder, "crawler", "10.244.0.9");
  AddSockets(builder, "crawler", "10.244.0.9", {{"ESTABLISHED", 2905}});
  const Report report = Diagnose(builder.Build());
  CHECK(report.verdict == Verdict::kHealthy);
  REQUIRE(Codes(report.risks) == Names{"NC-CONNTRACK-002"});
  CHECK(report.risks[0].certainty == Certainty::kPossible);
  CHECK(report.risks[0].title.find(
            "is 76 % full, most of it with connections of pod shop/crawler") != std::string::npos);
  // 121 in 5 s, of which 20 (21 with the check) were netcheck's own; 20 in the idle second.
  CHECK(Mentions(report.risks[0].evidence, "it grew by 19.6 to 20.0 entries a second"));
  CHECK(Mentions(report.risks[0].evidence, "hours, if it goes on growing like that"));
}

TEST_CASE("conntrack filling: silent on a busy table that does not grow, or has room") {
  const auto risks = [](std::array<std::int64_t, 3> counts) {
    EvidenceBuilder builder;
    builder.Handshakes(20, {0, test::kSeenAll})
        .Conntrack(Where::kNode, counts, kMax, {{"drop", 0}});
    return Codes(Diagnose(builder.Build()).risks);
  };
  CHECK(risks({2500, 2510, 2490}).empty());
  CHECK(risks({2500, 2490, 2700}).empty());
  CHECK(risks({100, 200, 900}).empty());
  CHECK(risks({2500, 2600, 3020}) == Names{"NC-CONNTRACK-002"});  // From 61 %, in minutes.
  CHECK(risks({3000, 3000, 3000}) == Names{"NC-CONNTRACK-002"});  // Above the alert's share.
}

TEST_CASE("conntrack: neighbours survive the way through JSON") {
  const model::Evidence evidence = FullByCrawler().Build();
  const auto copy = model::EvidenceFromJson(model::ToJson(evidence));
  REQUIRE(copy.ok());
  CHECK(model::ToJson(*copy) == model::ToJson(evidence));
  REQUIRE(copy->neighbours.size() == 2);
  CHECK(copy->neighbours[0].owner_name == "crawler-rs");
}

TEST_CASE("conntrack: a table with room is among the excluded causes") {
  EvidenceBuilder builder;
  builder.Handshakes(5, {kResultDeadline, 0})
      .WithoutTaps()
      .Conntrack(Where::kNode, {40, 40, 41}, kMax, {{"drop", 0}});
  const Report report = Diagnose(builder.Build());
  REQUIRE(report.unexplained.size() == 1);
  CHECK(Mentions(report.unexplained[0].excluded, "a full conntrack table: it holds 41 of at most"));
}

}  // namespace netcheck::diagnosis
