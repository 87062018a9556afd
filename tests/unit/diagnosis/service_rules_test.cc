// The rules of `kubectl netcheck service`: each fires on its case, and stays silent on what looks
// like it.
#include <doctest/doctest.h>

#include <cerrno>
#include <map>
#include <string>

#include "diagnosis/finding.h"
#include "protocol/json.h"
#include "protocol/version.h"
#include "support/mentions.h"

namespace netcheck::diagnosis {
namespace {

using model::WayKind;
using protocol::FilterTable;
using protocol::kResultDeadline;
using protocol::Moment;
using protocol::Where;
using test::Mentions;
using Names = std::vector<std::string>;

constexpr const char* kVip = "10.96.0.10";
constexpr const char* kEndpoint = "10.244.1.6";

/// Service default/web seen from node-a: one cluster IP, one endpoint on node-b, both answer.
class ServiceBuilder {
 public:
  ServiceBuilder() {
    evidence_.node.name = "node-a";
    evidence_.node.kubelet_version = "v1.16.8";
    evidence_.report.complete = true;
    evidence_.plan.protocol_version = protocol::kProtocolVersion;
    model::ServiceTarget& service = evidence_.service_target.emplace();
    service.namespace_name = "default";
    service.name = "web";
    service.type = "ClusterIP";
    service.cluster_ips = {kVip};
    service.ports = {{"http", 80, "TCP", 0}};
    service.internal_traffic_policy = service.external_traffic_policy = "Cluster";
    service.endpoints_known = true;
    service.endpoints = {{kEndpoint, 8080, "http", "node-b", "web-1", true}};
    service.endpoints_after = service.endpoints;
    AddWay(WayKind::kClusterIp, "vip", kVip, 80);
    AddWay(WayKind::kEndpoint, "endpoint", kEndpoint, 8080);
    evidence_.report.taps = {{Where::kNode, true, "", "device"}};
  }

  model::Evidence& evidence() { return evidence_; }
  model::ServiceTarget& service() { return *evidence_.service_target; }

  /// `count` connections of a way that all end like this.
  ServiceBuilder& Tried(const std::string& batch, int count, int result, std::uint32_t seen = 0) {
    protocol::HandshakeColumns columns;
    columns.batch = batch;
    columns.count = count;
    columns.source_address = "192.0.2.1";
    columns.source_ports = {{40000, 2, count}};
    columns.results = {{result, count}};
    columns.seen = {{seen, count}};
    columns.start_us.assign(static_cast<std::size_t>(count), 10);
    columns.duration_us.assign(static_cast<std::size_t>(count), 100);
    evidence_.report.handshakes.push_back(columns);
    protocol::BatchEnd end;
    end.batch = batch;
    end.tried = end.planned = count;
    end.node_tap = {true, 0, 5, 5};
    evidence_.report.batch_ends.push_back(end);
    return *this;
  }

  /// Where connection tracking has the first connection to the cluster IP go, and with which
  /// source.
  ServiceBuilder& Tracked(const std::string& to, int port, const std::string& source) {
    protocol::ConntrackEntry entry;
    entry.where = Where::kNode;
    entry.batch = "vip";
    entry.found = true;
    entry.original = {source, 40000, kVip, 80};
    entry.reply = {to, port, source, 40000};
    evidence_.report.conntrack_entries.push_back(entry);
    return *this;
  }

  ServiceBuilder& Nat(const char* backend, const std::map<std::string, std::string>& chains) {
    for (const Moment moment : {Moment::kBefore, Moment::kAfter}) {
      FilterTable table;
      table.moment = moment;
      table.where = Where::kNode;
      table.backend = backend;
      table.family = "ip";
      table.name = "nat";
      table.chains = chains;
      evidence_.report.filter_tables.push_back(table);
    }
    return *this;
  }

  ServiceBuilder& Ipvs() {
    evidence_.report.ipvs_services = {
        {Moment::kBefore, {{"TCP", kVip, 80, "rr", {{kEndpoint, 8080, 1}}}}}};
    return *this;
  }

 private:
  void AddWay(WayKind kind, const std::string& batch_id, const std::string& address, int port) {
    service().ways.push_back({kind, address, port, {80}, {batch_id}});
    protocol::HandshakeBatch batch;
    batch.id = batch_id;
    batch.address = address;
    batch.port = port;
    batch.ports = {protocol::PortPlanKind::kKubelet, 5, {}};
    evidence_.plan.batches.push_back(batch);
  }

  model::Evidence evidence_;
};

using Chains = std::map<std::string, std::string>;

Chains KubeletsChains() {
  return {{"KUBE-MARK-DROP", "- - 1 0 +MARK"},
          {"KUBE-MARK-MASQ", "- - 1 0 +MARK"},
          {"KUBE-POSTROUTING", "- - 1 0 +MASQUERADE"}};
}

/// What is left of kube-proxy's rules when the restore of them was refused.
Chains RefusedChains() {
  return {{"OUTPUT", "output accept 1 0 >KUBE-SERVICES"},
          {"KUBE-SERVICES", "- - 0 0"},
          {"KUBE-POSTROUTING", "- - 0 0"}};
}

Chains WholeChains() {
  return {{"OUTPUT", "output accept 1 0 >KUBE-SERVICES"},
          {"KUBE-SERVICES", "- - 8 0 >KUBE-NODEPORTS"},
          {"KUBE-POSTROUTING", "- - 3 0 +MASQUERADE"}};
}

/// The cluster IP leads nowhere, the endpoint answers, and the two backends share the rules.
ServiceBuilder Mixed() {
  ServiceBuilder builder;
  builder.Tried("vip", 10, kResultDeadline, protocol::kSeenNodeSyn)
      .Tried("endpoint", 5, 0, protocol::kSeenNodeSyn | protocol::kSeenNodeSynAck)
      .Tracked(kVip, 80, "192.0.2.1")
      .Nat("legacy", KubeletsChains())
      .Nat("nft", RefusedChains());
  return builder;
}

Names Codes(ServiceBuilder& builder) {
  Names codes;
  const Report report = Diagnose(builder.evidence());
  for (const Finding& finding : report.findings) {
    codes.push_back(finding.code);
  }
  CHECK(report.risks.empty());
  return codes;
}

}  // namespace

TEST_CASE("service: everything answers") {
  ServiceBuilder builder;
  builder.Tried("vip", 20, 0).Tried("endpoint", 5, 0);
  const Report report = Diagnose(builder.evidence());
  CHECK(report.verdict == Verdict::kHealthy);
  REQUIRE(report.checks.size() == 2);
  CHECK(report.checks[0].way == "cluster IP");
  CHECK(report.checks[0].passed == 20);
  CHECK(report.checks[1].way == "endpoint");
  CHECK(report.checks[1].note == "pod web-1 on node node-b");
}

TEST_CASE("backend mix: rules refused, nothing is translated") {
  ServiceBuilder builder = Mixed();
  const Report report = Diagnose(builder.evidence());
  REQUIRE(report.findings.size() == 1);
  const Finding& finding = report.findings[0];
  CHECK(finding.code == "NC-KUBEPROXY-001");
  CHECK(finding.certainty == Certainty::kProven);
  CHECK(finding.subject == "service default/web, cluster IP 10.96.0.10:80");
  CHECK(finding.claims.size() == 10);
  CHECK(Mentions(finding.evidence, "1 endpoint behind it answered"));
  CHECK(
      Mentions(finding.evidence, "in the nft backend (table ip nat): KUBE-SERVICES holds 0 rules"));
  CHECK(Mentions(finding.evidence, "10 connections left the node addressed to 10.96.0.10:80"));
  CHECK(Mentions(finding.fix, "iptables-nft"));
  CHECK(report.unexplained.empty());
  CHECK(report.verdict == Verdict::kUnhealthy);
}

TEST_CASE("backend mix: IPVS without the masquerade rule") {
  ServiceBuilder builder;
  builder.Tried("vip", 10, kResultDeadline)
      .Tried("endpoint", 5, 0)
      .Ipvs()
      .Tracked(kEndpoint, 8080, kVip)
      .Nat("nft", KubeletsChains())
      .Nat("legacy", RefusedChains());
  const Report report = Diagnose(builder.evidence());
  REQUIRE(report.findings.size() == 1);
  CHECK(report.findings[0].code == "NC-KUBEPROXY-001");
  CHECK(report.findings[0].certainty == Certainty::kProven);
  CHECK(Mentions(report.findings[0].evidence, "10.96.0.10 as their source"));
}

TEST_CASE("backend mix: without a look at the packets it is likely at most") {
  ServiceBuilder builder;
  builder.Tried("vip", 10, kResultDeadline)
      .Tried("endpoint", 5, 0)
      .Nat("legacy", KubeletsChains())
      .Nat("nft", RefusedChains());
  const Report report = Diagnose(builder.evidence());
  REQUIRE(report.findings.size() == 1);
  CHECK(report.findings[0].certainty == Certainty::kLikely);
  builder.evidence().node.kubelet_version = "v1.26.1";
  CHECK(Codes(builder).empty());
}

TEST_CASE("backend mix: versions that do without the chain") {
  for (const char* version : {"v1.27.0", "v1.34.4", "", "v2.0.0", "unknown"}) {
    CAPTURE(version);
    ServiceBuilder builder = Mixed();
    builder.evidence().node.kubelet_version = version;
    CHECK(Codes(builder) == Names{"NC-KUBEPROXY-002"});
  }
  ServiceBuilder builder = Mixed();
  builder.evidence().node.kubelet_version = "v1.25.4-gke.100";
  const Report report = Diagnose(builder.evidence());
  REQUIRE(report.findings.size() == 1);
  CHECK(report.findings[0].certainty == Certainty::kLikely);
}

TEST_CASE("service untranslated: no rule at all, and what only looks like it") {
  const auto untranslated = [] {
    ServiceBuilder builder;
    builder.Tried("vip", 10, kResultDeadline, protocol::kSeenNodeSyn);
    return builder;
  };
  ServiceBuilder empty = untranslated();
  empty.Tried("endpoint", 5, 0).Nat("nft", RefusedChains());
  const Report report = Diagnose(empty.evidence());
  REQUIRE(Codes(empty) == Names{"NC-KUBEPROXY-002"});
  CHECK(report.findings[0].certainty == Certainty::kProven);
  CHECK(Mentions(report.findings[0].evidence,
                 "10 connections were seen on the node still addressed"));
  CHECK(Mentions(report.findings[0].evidence, "KUBE-SERVICES of the nft backend holds 0 rules"));
  ServiceBuilder others = untranslated();
  others.Tried("endpoint", 5, 0).Nat("nft", WholeChains());
  REQUIRE(Codes(others) == Names{"NC-KUBEPROXY-002"});
  CHECK(Diagnose(others.evidence()).findings[0].certainty == Certainty::kLikely);
  ServiceBuilder bare = untranslated();  // Another program may translate behind a device.
  bare.Tried("endpoint", 5, 0);
  CHECK(Codes(bare).empty());
  ServiceBuilder sick = untranslated();  // The endpoints don't answer either.
  sick.Tried("endpoint", 5, kResultDeadline, protocol::kSeenNodeSyn).Nat("nft", RefusedChains());
  CHECK(Codes(sick).empty());
  ServiceBuilder ipvs = untranslated();
  ipvs.Tried("endpoint", 5, 0).Ipvs().Nat("nft", RefusedChains());
  CHECK(Codes(ipvs).empty());
  ServiceBuilder unseen;
  unseen.Tried("vip", 10, kResultDeadline).Tried("endpoint", 5, 0).Nat("nft", RefusedChains());
  CHECK(Codes(unseen).empty());
  ServiceBuilder refused;  // By whoever has that address after all.
  refused.Tried("vip", 10, ECONNREFUSED, protocol::kSeenNodeSyn)
      .Tried("endpoint", 5, 0)
      .Tracked(kVip, 80, "192.0.2.1")
      .Nat("nft", RefusedChains());
  CHECK(Codes(refused).empty());
}

TEST_CASE("backend mix: both sets are there and it works") {
  ServiceBuilder builder;
  builder.Tried("vip", 20, 0)
      .Tried("endpoint", 5, 0)
      .Nat("legacy", KubeletsChains())
      .Nat("nft", RefusedChains());
  CHECK(Codes(builder).empty());
  CHECK(Diagnose(builder.evidence()).verdict == Verdict::kHealthy);
}

TEST_CASE("backend mix: look-alikes are not blamed on it") {
  SUBCASE("a whole set in kube-proxy's backend: stale endpoints, policies and the like") {
    ServiceBuilder builder;
    builder.Tried("vip", 10, kResultDeadline)
        .Tried("endpoint", 5, 0)
        .Tracked("10.244.9.9", 8080, "192.0.2.1")
        .Nat("legacy", KubeletsChains())
        .Nat("nft", WholeChains());
    CHECK(Codes(builder).empty());
    const Report report = Diagnose(builder.evidence());
    REQUIRE(report.unexplained.size() == 1);
    CHECK(Mentions(report.unexplained[0].observations, "sent to 10.244.9.9:8080"));
  }
  SUBCASE("a whole set in kubelet's backend") {
    ServiceBuilder builder = Mixed();
    auto both = KubeletsChains();
    const auto whole = WholeChains();
    both.erase("KUBE-POSTROUTING");
    both.insert(whole.begin(), whole.end());
    builder.evidence().report.filter_tables.clear();
    builder.Nat("legacy", both).Nat("nft", RefusedChains());
    CHECK(Codes(builder) == Names{"NC-KUBEPROXY-002"});
  }
  SUBCASE("the chain is in both") {
    ServiceBuilder builder = Mixed();
    for (FilterTable& table : builder.evidence().report.filter_tables) {
      if (table.backend == "nft") {
        table.chains["KUBE-MARK-DROP"] = "- - 0 0";
      }
    }
    CHECK(Codes(builder) == Names{"NC-KUBEPROXY-002"});
  }
  SUBCASE("one backend only") {
    ServiceBuilder builder = Mixed();
    builder.evidence().report.filter_tables.clear();
    builder.Nat("nft", RefusedChains());
    CHECK(Codes(builder) == Names{"NC-KUBEPROXY-002"});
  }
  SUBCASE("the endpoints don't answer either") {
    ServiceBuilder builder;
    builder.Tried("vip", 10, kResultDeadline)
        .Tried("endpoint", 5, kResultDeadline)
        .Nat("legacy", KubeletsChains())
        .Nat("nft", RefusedChains());
    CHECK(Codes(builder).empty());
  }
  SUBCASE("the connections were reset") {
    ServiceBuilder builder;
    builder.Tried("vip", 10, ECONNREFUSED)
        .Tried("endpoint", 5, 0)
        .Nat("legacy", KubeletsChains())
        .Nat("nft", RefusedChains());
    CHECK(Codes(builder).empty());
  }
  SUBCASE("the endpoints changed meanwhile") {
    ServiceBuilder builder = Mixed();
    builder.service().endpoints_after.push_back(
        {"10.244.1.9", 8080, "http", "node-b", "web-2", true});
    CHECK(Codes(builder).empty());
  }
  SUBCASE("kube-proxy's rules came while the connections were made") {
    ServiceBuilder builder = Mixed();
    auto& tables = builder.evidence().report.filter_tables;
    for (FilterTable& table : tables) {
      if (table.backend == "nft" && table.moment == Moment::kAfter) {
        table.chains = WholeChains();
      }
    }
    CHECK(Codes(builder).empty());
  }
}

TEST_CASE("service endpoints: none is ready") {
  ServiceBuilder builder;
  builder.service().endpoints[0].ready = false;
  builder.service().endpoints_after = builder.service().endpoints;
  builder.service().ways.pop_back();
  builder.Tried("vip", 20, ECONNREFUSED, protocol::kSeenNodeIcmp);
  const Report report = Diagnose(builder.evidence());
  REQUIRE(report.findings.size() == 1);
  CHECK(report.findings[0].code == "NC-SERVICE-001");
  CHECK(report.findings[0].certainty == Certainty::kProven);
  CHECK(report.findings[0].claims.size() == 20);
  builder.service().endpoints_known = false;
  CHECK(Codes(builder).empty());
}

TEST_CASE("service endpoints: policy Local, and none on this node") {
  ServiceBuilder builder = Mixed();
  builder.service().internal_traffic_policy = "Local";
  CHECK(Codes(builder) == Names{"NC-SERVICE-002"});
  builder.service().endpoints[0].node = "node-a";
  CHECK(Codes(builder) == Names{"NC-KUBEPROXY-001"});
}

TEST_CASE("service: silence on a cluster IP is not taken for a place") {
  ServiceBuilder builder;
  builder.Tried("vip", 10, kResultDeadline).Tried("endpoint", 5, 0);
  const Report report = Diagnose(builder.evidence());
  CHECK(report.findings.empty());
  REQUIRE(report.unexplained.size() == 1);
  CHECK(report.unexplained[0].stage == Stage::kUnknown);
  CHECK(report.unexplained[0].attempts == 10);
  CHECK(Mentions(report.unexplained[0].observations, "1 answered and 0 did not"));
}

TEST_CASE("service: the evidence survives being saved") {
  ServiceBuilder builder = Mixed();
  builder.service().ports[0].node_port = 30080;
  builder.service().session_affinity = "ClientIP";
  const auto copy = model::EvidenceFromJson(model::ToJson(builder.evidence()));
  REQUIRE(copy.ok());
  CHECK(model::ToJson(*copy) == model::ToJson(builder.evidence()));
  REQUIRE(copy->service_target);
  CHECK(copy->service_target->ways.size() == 2);
  CHECK(Diagnose(*copy).findings.size() == 1);
}

}  // namespace netcheck::diagnosis
