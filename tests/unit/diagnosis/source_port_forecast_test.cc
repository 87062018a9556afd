#include "diagnosis/source_port_forecast.h"

#include <doctest/doctest.h>

#include "support/evidence_builder.h"

namespace netcheck::diagnosis {
namespace {

protocol::PortRange Range(const char* local, const char* reserved = "") {
  return *protocol::ParsePortRange(local, reserved);
}

/// A pod with one probe of this kind and period.
test::EvidenceBuilder WithProbe(model::ProbeKind kind, int period_s) {
  test::EvidenceBuilder builder;
  builder.evidence().probes[0].kind = kind;
  builder.evidence().probes[0].period_s = period_s;
  return builder;
}

double Between(const test::EvidenceBuilder& builder, const PortShare& share, double held_s) {
  const model::Evidence evidence = builder.Build();
  const Digest digest = MakeDigest(evidence);
  return SecondsBetweenFailures(share, digest, evidence.probes[0], held_s).value_or(-1);
}

}  // namespace

TEST_CASE("source port forecast: ports of the low bound's parity decide") {
  const PortShare odd = ShareOf(Range("31051 31061"), {31055});
  CHECK(odd.preferred == 6);
  CHECK(odd.failing_preferred == 1);
  CHECK(odd.Expected() == doctest::Approx(1.0 / 6));
  const PortShare even = ShareOf(Range("31050 31060"), {31055});
  CHECK(even.failing == 1);
  CHECK(even.Expected() == 0);
  CHECK(Between(WithProbe(model::ProbeKind::kTcp, 1), even, 127) == -1);
}

TEST_CASE("source port forecast: a reserved port is never chosen") {
  const PortShare share = ShareOf(Range("31051 31061", "31055"), {31055});
  CHECK(share.failing == 0);
  CHECK(share.eligible == 10);
}

// Measured with kubelet 1.34.4 on Linux 6.1: range 31051-31061, tcp_syn_retries 1, probes each
// second.
TEST_CASE("source port forecast: httpGet holds the port that failed, tcpSocket meets it again") {
  const PortShare share = ShareOf(Range("31051 31060"), {31055});
  REQUIRE(share.preferred == 5);
  CHECK(Between(WithProbe(model::ProbeKind::kTcp, 1), share, 3) == doctest::Approx(5));
  test::EvidenceBuilder http = WithProbe(model::ProbeKind::kHttp, 1);
  CHECK(Between(http, share, 3) == doctest::Approx(5 + 3));
  http.evidence().probes.push_back(http.evidence().probes[0]);
  http.evidence().probes[1].type = model::ProbeType::kLiveness;
  CHECK(Between(http, share, 3) == doctest::Approx(2.5 + 3));
}

TEST_CASE("source port forecast: how long a connection without an answer keeps its port") {
  test::EvidenceBuilder builder;
  model::Evidence evidence = builder.Build();
  CHECK(ConnectTimeoutSeconds(MakeDigest(evidence)) == 127);
  builder.NodeSysctl("net.ipv4.tcp_syn_retries", "1");
  evidence = builder.Build();
  CHECK(ConnectTimeoutSeconds(MakeDigest(evidence)) == 3);
  builder.NodeSysctl("net.ipv4.tcp_syn_linear_timeouts", "4");
  evidence = builder.Build();
  CHECK(ConnectTimeoutSeconds(MakeDigest(evidence)) == 7);
}

TEST_CASE("source port forecast: what is reserved stays reserved") {
  CHECK(ReservedPortsWith(Range("1024 60999"), {31055, 30001}) == "30000-32767");
  CHECK(ReservedPortsWith(Range("1024 60999", "8080,30000-30100"), {31055}) == "8080,30000-32767");
  CHECK(ReservedPortsWith(Range("1024 60999", "8080,9000-9010"), {40000, 9011, 40001}) ==
        "8080,9000-9011,40000-40001");
  CHECK(ReservedPortsWith(Range("1024 60999", "8080"), {}) == "8080");
  // The whole NodePort range would take the node most of its source ports.
  CHECK(ReservedPortsWith(Range("30001 35000"), {31055, 31011}) == "31011,31055");
}

TEST_CASE("source port forecast: the NodePort range is reserved where half of the ports remain") {
  CHECK(ReservedPortsWith(Range("30000 35535"), {31055}) == "30000-32767");
  CHECK(ReservedPortsWith(Range("30000 35534"), {31055}) == "31055");
}

}  // namespace netcheck::diagnosis
