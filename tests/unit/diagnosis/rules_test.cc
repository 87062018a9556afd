// Each rule fires on its case, stays silent on the healthy twin, and stays undecided when the
// evidence it needs is missing.
#include <doctest/doctest.h>

#include <cerrno>

#include "diagnosis/finding.h"
#include "support/evidence_builder.h"
#include "support/mentions.h"

namespace netcheck::diagnosis {
namespace {

using protocol::kResultDeadline;
using protocol::Where;
using test::EvidenceBuilder;
using test::Mentions;

constexpr std::uint32_t kRefusedByPod =
    protocol::kSeenNodeSyn | protocol::kSeenPodSyn | protocol::kSeenPodRst | protocol::kSeenNodeRst;

std::vector<std::string> Codes(const std::vector<Finding>& findings) {
  std::vector<std::string> codes;
  for (const Finding& finding : findings) {
    codes.push_back(finding.code);
  }
  return codes;
}

std::vector<std::string> Codes(const EvidenceBuilder& builder) {
  return Codes(Diagnose(builder.Build()).findings);
}

using Names = std::vector<std::string>;

EvidenceBuilder Refused(const std::vector<protocol::Listener>& listeners) {
  EvidenceBuilder builder;
  builder.Handshakes(5, {ECONNREFUSED, kRefusedByPod})
      .Check(test::RefusedCheck())
      .Listeners(listeners);
  return builder;
}

EvidenceBuilder SynDroppedInPod() {
  EvidenceBuilder builder;
  builder.Handshakes(5, {kResultDeadline, protocol::kSeenNodeSyn | protocol::kSeenPodSyn})
      .Counter(Where::kPod, "TcpExt.ListenDrops", 7, 7)
      .Counter(Where::kPod, "TcpExt.ListenOverflows", 7, 7);
  return builder;
}

}  // namespace

TEST_CASE("rules: a healthy pod yields no finding") {
  const Report report =
      Diagnose(EvidenceBuilder().Handshakes(20, {0, test::kSeenAll}).HttpAnswer(200, 1500).Build());
  CHECK(report.verdict == Verdict::kHealthy);
  CHECK(report.findings.empty());
  CHECK(report.risks.empty());
  CHECK(report.unexplained.empty());
}

TEST_CASE("listening: nothing on the port") {
  const Report report = Diagnose(Refused({{"0.0.0.0", 9090, false, 0, 128}}).Build());
  REQUIRE(Codes(report.findings) == Names{"NC-LISTEN-001"});
  const Finding& finding = report.findings[0];
  CHECK(finding.certainty == Certainty::kProven);
  CHECK(finding.claims.size() == 6);
  CHECK(Mentions(finding.fix, "0.0.0.0:9090"));
  CHECK(report.verdict == Verdict::kUnhealthy);
}

TEST_CASE("listening: loopback only, both families") {
  CHECK(Codes(Refused({{"127.0.0.1", 8080, false, 0, 128}})) == Names{"NC-LISTEN-002"});
  CHECK(Codes(Refused({{"::1", 8080, false, 0, 128}})) == Names{"NC-LISTEN-002"});
}

TEST_CASE("listening: another address or only the other family") {
  CHECK(Codes(Refused({{"10.9.9.9", 8080, false, 0, 128}})) == Names{"NC-LISTEN-003"});
  CHECK(Codes(Refused({{"::", 8080, true, 0, 128}})) == Names{"NC-LISTEN-003"});
}

TEST_CASE("listening: silent when a socket accepts the address") {
  CHECK(Codes(Refused({{"0.0.0.0", 8080, false, 0, 128}})).empty());
  CHECK(Codes(Refused({{"::", 8080, false, 0, 128}})).empty());
  CHECK(Codes(Refused({{"10.244.0.5", 8080, false, 0, 128}})).empty());
}

TEST_CASE("listening: silent when the socket appeared meanwhile") {
  EvidenceBuilder builder = Refused({});
  builder.evidence().report.listeners[1].listeners = {{"0.0.0.0", 8080, false, 0, 128}};
  CHECK(Codes(builder).empty());
  CHECK(Diagnose(builder.Build()).verdict == Verdict::kUndetermined);
}

TEST_CASE("listening: silent when a filter rejects with ICMP") {
  EvidenceBuilder builder;
  builder.Handshakes(5, {ECONNREFUSED, protocol::kSeenNodeSyn | protocol::kSeenNodeIcmp})
      .Listeners({});
  CHECK(Codes(builder).empty());
}

TEST_CASE(
    "listening: silent when listeners could not be read, weaker without a reset on the wire") {
  EvidenceBuilder blind = Refused({});
  blind.evidence().report.listeners.clear();
  CHECK(Codes(blind).empty());
  EvidenceBuilder untapped;
  untapped.Handshakes(5, {ECONNREFUSED, 0}).Listeners({}).WithoutTaps();
  const Report report = Diagnose(untapped.Build());
  REQUIRE(Codes(report.findings) == Names{"NC-LISTEN-001"});
  CHECK(report.findings[0].certainty == Certainty::kLikely);
}

TEST_CASE("listening: a host of its own has sockets that nobody listed") {
  EvidenceBuilder builder = Refused({});
  builder.evidence().probes[0].address = "192.0.2.1";
  CHECK(Codes(builder).empty());
}

TEST_CASE("handshake lost: dropped inside the pod's namespace") {
  const Report report = Diagnose(SynDroppedInPod().Build());
  REQUIRE(Codes(report.findings) == Names{"NC-LOST-003"});
  CHECK(report.findings[0].certainty == Certainty::kProven);
  CHECK(report.findings[0].claims.size() == 5);
}

TEST_CASE("handshake lost: each other place has its own code") {
  const auto code = [](std::uint32_t seen) {
    return Codes(EvidenceBuilder().Handshakes(3, {kResultDeadline, seen}));
  };
  CHECK(code(0) == Names{"NC-LOST-001"});
  CHECK(code(protocol::kSeenNodeSyn) == Names{"NC-LOST-002"});
  CHECK(code(test::kSeenAll) == Names{"NC-LOST-004"});
}

TEST_CASE("handshake lost: undetermined without taps") {
  EvidenceBuilder builder = SynDroppedInPod();
  builder.WithoutTaps();
  const Report report = Diagnose(builder.Build());
  CHECK(report.findings.empty());
  REQUIRE(report.unexplained.size() == 1);
  CHECK(report.unexplained[0].stage == Stage::kUnknown);
  CHECK(report.verdict == Verdict::kUndetermined);
}

TEST_CASE("handshake lost: a SYN that the listener itself dropped is not a filter's") {
  EvidenceBuilder builder;
  builder.Handshakes(5, {kResultDeadline, protocol::kSeenNodeSyn | protocol::kSeenPodSyn})
      .Counter(Where::kPod, "TcpExt.ListenDrops", 0, 5)
      .Counter(Where::kPod, "TcpExt.ListenOverflows", 0, 0);
  CHECK(Codes(builder).empty());
}

TEST_CASE("accept queue: full") {
  EvidenceBuilder builder;
  builder.Handshakes(5, {kResultDeadline, protocol::kSeenNodeSyn | protocol::kSeenPodSyn})
      .Listeners({{"0.0.0.0", 8080, false, 2, 1}})
      .Counter(Where::kPod, "TcpExt.ListenDrops", 0, 5)
      .Counter(Where::kPod, "TcpExt.ListenOverflows", 0, 5);
  CHECK(Codes(builder) == Names{"NC-QUEUE-001"});
}

TEST_CASE("accept queue: of the probe's own listener, not of another address's") {
  const auto codes = [](const char* full, const char* other) {
    EvidenceBuilder builder;
    builder.Handshakes(5, {kResultDeadline, protocol::kSeenNodeSyn | protocol::kSeenPodSyn})
        .Listeners({{other, 8080, false, 0, 128}, {full, 8080, true, 2, 1}})
        .Counter(Where::kPod, "TcpExt.ListenDrops", 0, 5)
        .Counter(Where::kPod, "TcpExt.ListenOverflows", 0, 5);
    return Codes(builder);
  };
  CHECK(codes("10.244.0.5", "127.0.0.1") == Names{"NC-QUEUE-001"});
  CHECK(codes("::ffff:10.244.0.5", "127.0.0.1") == Names{"NC-QUEUE-001"});  // An IPv6 socket's.
  CHECK(codes("127.0.0.1", "10.244.0.5").empty());
}

TEST_CASE("accept queue: silent when the queue is not full, or the counter did not move") {
  EvidenceBuilder not_full;
  not_full.Handshakes(5, {kResultDeadline, protocol::kSeenNodeSyn | protocol::kSeenPodSyn})
      .Counter(Where::kPod, "TcpExt.ListenDrops", 0, 5)
      .Counter(Where::kPod, "TcpExt.ListenOverflows", 0, 5);
  CHECK(Codes(not_full).empty());
  EvidenceBuilder still = SynDroppedInPod();
  still.Listeners({{"0.0.0.0", 8080, false, 2, 1}});
  CHECK(Codes(still) == Names{"NC-LOST-003"});
}

TEST_CASE("accept queue: undecided where the kernel does not tell the queue's limit") {
  EvidenceBuilder builder;
  builder.Handshakes(5, {kResultDeadline, protocol::kSeenNodeSyn | protocol::kSeenPodSyn})
      .Listeners({{"0.0.0.0", 8080, false, 2, 0}})
      .Counter(Where::kPod, "TcpExt.ListenDrops", 0, 5)
      .Counter(Where::kPod, "TcpExt.ListenOverflows", 0, 5);
  builder.evidence().report.unavailable = {{protocol::Moment::kAfter,
                                            Where::kPod,
                                            "listeners.backlog",
                                            "module tcp_diag is not loaded",
                                            0}};
  CHECK(Codes(builder).empty());
}

TEST_CASE("http status: a failure status is proven, with advice for it") {
  const Report report = Diagnose(EvidenceBuilder()
                                     .Handshakes(5, {0, test::kSeenAll})
                                     .HttpAnswer(500, 900)
                                     .HttpAnswer(500, 900)
                                     .Build());
  REQUIRE(Codes(report.findings) == Names{"NC-HTTP-001"});
  CHECK(report.findings[0].certainty == Certainty::kProven);
  CHECK(Mentions(report.findings[0].evidence, "2 of 2 requests"));
  CHECK(Codes(EvidenceBuilder().HttpAnswer(399, 900)).empty());
}

TEST_CASE("http status: no cause when credentials were not sent") {
  EvidenceBuilder builder;
  builder.HttpAnswer(401, 900);
  builder.evidence().probes[0].withheld_headers = {"Authorization"};
  const Report report = Diagnose(builder.Build());
  CHECK(report.findings.empty());
  CHECK(Codes(report.risks) == Names{"NC-HTTP-001"});
  CHECK(report.verdict == Verdict::kUndetermined);
}

TEST_CASE("slow answer: the distribution and a timeout that would do") {
  const Report report =
      Diagnose(EvidenceBuilder().HttpAnswer(200, 3000000).HttpAnswer(200, 3100000).Build());
  REQUIRE(Codes(report.findings) == Names{"NC-TIMEOUT-001"});
  CHECK(report.findings[0].certainty == Certainty::kProven);
  CHECK(Mentions(report.findings[0].fix, "timeoutSeconds: 5"));
  CHECK(Mentions(report.findings[0].evidence, "3.00 s"));
}

TEST_CASE("slow answer: also where the answer is wrong, and with attempts that were cut off") {
  EvidenceBuilder builder;
  protocol::CheckAttempt cut_off;
  cut_off.result = "failure";
  cut_off.output = "Get \"http://10.244.0.5:8080/\": context deadline exceeded";
  cut_off.phase = protocol::CheckPhase::kHeaders;
  cut_off.connect_us = 100;
  cut_off.total_us = 1000100;
  builder.HttpAnswer(500, 1500000).Check(cut_off).HttpAnswer(500, 1500000);
  builder.evidence().plan.checks[0].patience_ms = 10000;
  const Report report = Diagnose(builder.Build());
  REQUIRE(Codes(report.findings) == Names{"NC-TIMEOUT-001"});
  CHECK(report.findings[0].claims.size() == 3);
  CHECK(Mentions(report.findings[0].evidence, "2 of 2 answers"));
  CHECK(Mentions(report.findings[0].evidence, "2 of these answers would have failed"));
  CHECK(report.unexplained.empty());
}

TEST_CASE("port name: found without an attempt, with what kubelet does about it") {
  EvidenceBuilder builder;
  model::Probe& probe = builder.evidence().probes[0];
  probe.port = 0;
  probe.port_name = "admin";
  const Report report = Diagnose(builder.Build());
  REQUIRE(Codes(report.findings) == Names{"NC-PORT-001"});
  CHECK(report.verdict == Verdict::kUnhealthy);
  CHECK(Mentions(report.findings[0].evidence, "parsing \"admin\": invalid syntax"));
  REQUIRE(report.forecasts.size() == 1);
  CHECK(report.forecasts[0].errored == 1);
  REQUIRE_FALSE(report.checks.empty());
  CHECK(report.checks[0].attempts.at(0).outcome == "unknown");
}

Report GrpcReport(const std::string& output) {
  EvidenceBuilder builder;
  builder.evidence().probes[0].kind = model::ProbeKind::kGrpc;
  protocol::CheckAttempt attempt;
  attempt.result = output == "service healthy" ? "success" : "failure";
  attempt.output = output;
  attempt.phase = protocol::CheckPhase::kDone;
  attempt.connect_us = 100;
  attempt.total_us = 1000;
  return Diagnose(builder.Check(attempt).Build());
}

TEST_CASE("grpc health: what the answer means") {
  CHECK(Codes(GrpcReport("service healthy").findings).empty());
  const Report sick = GrpcReport("service unhealthy (responded with \"NOT_SERVING\")");
  REQUIRE(Codes(sick.findings) == Names{"NC-GRPC-001"});
  CHECK(sick.findings[0].certainty == Certainty::kProven);
  const Report unknown = GrpcReport(
      "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service");
  REQUIRE(Codes(unknown.findings) == Names{"NC-GRPC-001"});
  CHECK(unknown.findings[0].title.find("does not know") != std::string::npos);
}

TEST_CASE(
    "slow answer: silent within the limit, after a lost SYN, and when netcheck was throttled") {
  CHECK(Codes(EvidenceBuilder().HttpAnswer(200, 900000)).empty());
  protocol::CheckAttempt resent;
  resent.result = "success";
  resent.phase = protocol::CheckPhase::kDone;
  resent.http_status = 200;
  resent.connect_us = 1030000;
  resent.total_us = 1031000;
  CHECK(Codes(EvidenceBuilder().Check(resent)).empty());
  EvidenceBuilder throttled;
  throttled.HttpAnswer(200, 3000000);
  throttled.evidence().report.cpu_throttling = {{protocol::Moment::kBefore, "probe", 10, 0, 0},
                                                {protocol::Moment::kAfter, "probe", 20, 5, 400000}};
  CHECK(Codes(throttled).empty());
}

EvidenceBuilder Ended(const std::string& output, std::optional<std::int64_t> first_byte_us) {
  protocol::CheckAttempt attempt;
  attempt.result = "failure";
  attempt.output = output;
  attempt.phase = protocol::CheckPhase::kHeaders;
  attempt.connect_us = 100;
  attempt.first_byte_us = first_byte_us;
  attempt.total_us = 1000;
  EvidenceBuilder builder;
  builder.Check(attempt);
  return builder;
}

TEST_CASE("wrong protocol: the first bytes tell what the port speaks") {
  const auto malformed = [](const std::string& bytes) {
    return Ended(
        "Get \"http://10.244.0.5:8080/\": net/http: HTTP/1.x transport connection broken: "
        "malformed "
        "HTTP response \"" +
            bytes + "\"",
        200);
  };
  EvidenceBuilder plain = Ended(
      "Get \"https://10.244.0.5:8080/\": http: server gave HTTP response to HTTPS client", {});
  CHECK(Codes(plain).empty());  // The probe speaks HTTP itself.
  plain.evidence().probes[0].scheme = "HTTPS";
  CHECK(Codes(plain) == Names{"NC-HTTP-002"});
  CHECK(Codes(malformed(R"(\x15\x03\x01\x00\x02\x02\x16)")) == Names{"NC-HTTP-002"});
  const auto http2 = malformed(R"(\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00@\x00)");
  REQUIRE(Codes(http2) == Names{"NC-HTTP-002"});
  CHECK(Mentions(Diagnose(http2.Build()).findings[0].fix, "grpc probe"));
  CHECK(Codes(malformed("SSH-2.0-OpenSSH_9.2")).empty());
  CHECK(Codes(malformed(R"(\x00\x00\x06\x05)")).empty());
  // It was redirected to HTTPS at a plain port.
  EvidenceBuilder redirected = Ended(
      "Get \"https://10.244.0.5:8080/\": http: server gave HTTP response to HTTPS client", 200);
  redirected.evidence().report.check_attempts[0].http_status = 301;
  CHECK(Codes(redirected).empty());
  EvidenceBuilder sometimes = malformed(R"(\x15\x03\x01)");
  CHECK(Codes(sometimes.HttpAnswer(200, 1000)).empty());
}

TEST_CASE("closed without an answer: likely, and not where some are answered") {
  const EvidenceBuilder builder =
      Ended("Get \"http://10.244.0.5:8080/healthz\": EOF", std::nullopt);
  const Report report = Diagnose(builder.Build());
  REQUIRE(Codes(report.findings) == Names{"NC-APP-002"});
  CHECK(report.findings[0].certainty == Certainty::kLikely);
  EvidenceBuilder sometimes = builder;
  CHECK(Codes(sometimes.HttpAnswer(200, 1000)).empty());
}

TEST_CASE("ipvs: swallowed SYN-ACKs with the IPVS entry are proven, and the share is predicted") {
  EvidenceBuilder builder;
  builder.NodeSysctl("net.ipv4.ip_local_port_range", "30001\t60000")
      .IpvsService("10.244.0.1", 31055)
      .Handshakes(10, {0, test::kSeenAll})
      .Handshake(31054, {0, test::kSeenAll})
      .Handshake(31055, {kResultDeadline, test::kSeenAll});
  protocol::IpvsConnection connection{
      "TCP", "10.244.0.5", 8080, "10.244.0.1", 31055, "10.244.0.12", 8080, "SYN_RECV"};
  builder.evidence().report.ipvs_connections = {{protocol::Moment::kAfter, {connection}}};
  const Report report = Diagnose(builder.Build());
  REQUIRE(Codes(report.findings) == Names{"NC-IPVS-001"});
  CHECK(report.findings[0].certainty == Certainty::kProven);
  CHECK(report.findings[0].claims.size() == 1);
  CHECK(Mentions(report.findings[0].fix, "ip_local_reserved_ports=30000-32767"));
  CHECK(Mentions(report.findings[0].evidence, "1 of the 15000 ports"));
  // Ten seconds a probe, 15000 ports: 127 s of a stuck connection matter little.
  CHECK(Mentions(report.findings[0].evidence, "about one failure in 42 h"));
}

TEST_CASE("ipvs: a check that the kernel gave such a port is swallowed as well") {
  protocol::CheckAttempt attempt = test::RefusedCheck();
  attempt.source_address = "10.244.0.1";
  attempt.source_port = 31055;
  attempt.connect_result = kResultDeadline;
  attempt.seen = test::kSeenAll;
  EvidenceBuilder builder;
  builder.NodeSysctl("net.ipv4.ip_local_port_range", "30001\t60000")
      .IpvsService("10.244.0.1", 31055)
      .Handshakes(10, {0, test::kSeenAll})
      .Check(attempt);
  const Report report = Diagnose(builder.Build());
  REQUIRE(Codes(report.findings) == Names{"NC-IPVS-001"});
  CHECK(report.findings[0].claims.size() == 1);
}

TEST_CASE("ipvs: likely without the entry, a risk when it did not strike, silent when reserved") {
  EvidenceBuilder builder;
  builder.NodeSysctl("net.ipv4.ip_local_port_range", "30001\t60000")
      .IpvsService("10.244.0.1", 31055)
      .Handshakes(10, {0, test::kSeenAll});
  const Report risk = Diagnose(builder.Build());
  CHECK(risk.verdict == Verdict::kHealthy);
  CHECK(Codes(risk.risks) == Names{"NC-IPVS-001"});
  EvidenceBuilder reserved = builder;
  reserved.NodeSysctl("net.ipv4.ip_local_reserved_ports", "30000-32767");
  CHECK(Diagnose(reserved.Build()).risks.empty());
  builder.Handshake(31055, {kResultDeadline, test::kSeenAll});
  const Report struck = Diagnose(builder.Build());
  REQUIRE(Codes(struck.findings) == Names{"NC-IPVS-001"});
  CHECK(struck.findings[0].certainty == Certainty::kLikely);
}

TEST_CASE("ipvs: other source ports fail the same way, so it is not the NodePort") {
  EvidenceBuilder builder;
  builder.NodeSysctl("net.ipv4.ip_local_port_range", "30001\t60000")
      .IpvsService("10.244.0.1", 31055)
      .Handshakes(10, {kResultDeadline, test::kSeenAll})
      .Handshake(31055, {kResultDeadline, test::kSeenAll});
  CHECK(Codes(builder) == Names{"NC-LOST-004"});
}

}  // namespace netcheck::diagnosis
