#include <doctest/doctest.h>

#include <cerrno>

#include "diagnosis/finding.h"
#include "protocol/json.h"
#include "support/evidence_builder.h"

namespace netcheck::diagnosis {

using test::EvidenceBuilder;

TEST_CASE("arbiter: evidence survives its JSON form with the same report") {
  EvidenceBuilder builder;
  builder
      .Handshakes(
          5, {ECONNREFUSED, protocol::kSeenNodeSyn | protocol::kSeenPodSyn | protocol::kSeenPodRst})
      .Listeners({});
  const model::Evidence evidence = builder.Build();
  const auto copy = model::EvidenceFromJson(model::ToJson(evidence));
  REQUIRE(copy.ok());
  CHECK(model::ToJson(*copy) == model::ToJson(evidence));
  CHECK(Diagnose(*copy).summary == Diagnose(evidence).summary);
}

TEST_CASE("arbiter: evidence of a newer version is refused") {
  auto json = model::ToJson(EvidenceBuilder().Build());
  json["version"] = model::kEvidenceVersion + 1;
  CHECK_FALSE(model::EvidenceFromJson(json).ok());
}

TEST_CASE("arbiter: an incomplete stream is never healthy") {
  EvidenceBuilder builder;
  builder.Handshakes(5, {0, test::kSeenAll}).HttpAnswer(200, 1000);
  builder.evidence().report.complete = false;
  const Report report = Diagnose(builder.Build());
  CHECK(report.verdict == Verdict::kUndetermined);
  CHECK(report.findings.empty());
}

TEST_CASE("arbiter: nothing tried is not healthy") {
  CHECK(Diagnose(EvidenceBuilder().Build()).verdict == Verdict::kUndetermined);
}

TEST_CASE("arbiter: columns that contradict themselves make it undetermined") {
  EvidenceBuilder builder;
  builder.Handshakes(2, {0, test::kSeenAll});
  builder.evidence().report.handshakes[0].count = 7;
  CHECK(Diagnose(builder.Build()).verdict == Verdict::kUndetermined);
}

TEST_CASE("arbiter: a restart in the middle leaves every failure without a cause") {
  EvidenceBuilder builder;
  builder
      .Handshakes(
          5, {ECONNREFUSED, protocol::kSeenNodeSyn | protocol::kSeenPodSyn | protocol::kSeenPodRst})
      .Listeners({});
  builder.evidence().pod_after.containers[0].restart_count = 1;
  const Report report = Diagnose(builder.Build());
  CHECK(report.findings.empty());
  CHECK(report.verdict == Verdict::kUndetermined);
  REQUIRE(report.unexplained.size() == 1);
  CHECK(report.unexplained[0].attempts == 5);
}

TEST_CASE("arbiter: failures that no rule explains keep their errors and what was excluded") {
  protocol::CheckAttempt closed;
  closed.connect_us = 100;
  closed.total_us = 200;
  closed.phase = protocol::CheckPhase::kHeaders;
  closed.result = "failure";
  closed.output = "Get \"https://10.244.0.5:8080/healthz\": http2: server sent GOAWAY";
  const Report report = Diagnose(EvidenceBuilder().Check(closed).Build());
  CHECK(report.verdict == Verdict::kUndetermined);
  REQUIRE(report.unexplained.size() == 1);
  CHECK(report.unexplained[0].stage == Stage::kResetLater);
  CHECK(report.unexplained[0].observations == std::vector<std::string>{closed.output});
  CHECK_FALSE(report.unexplained[0].excluded.empty());
}

TEST_CASE("arbiter: a batch that two probes share is reported once, under both") {
  EvidenceBuilder builder;
  builder.Handshakes(5, {0, test::kSeenAll});
  model::Probe liveness = builder.evidence().probes[0];
  liveness.type = model::ProbeType::kLiveness;
  liveness.check_ids.clear();
  builder.evidence().probes.push_back(liveness);
  const Report report = Diagnose(builder.Build());
  REQUIRE(report.checks.size() == 2);
  CHECK(report.checks[1].probe == "readiness,liveness");
  CHECK(report.checks[1].attempts.size() == 5);
}

}  // namespace netcheck::diagnosis
