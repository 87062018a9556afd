#include "diagnosis/digest.h"

#include <doctest/doctest.h>

#include "support/evidence_builder.h"

namespace netcheck::diagnosis {

using test::EvidenceBuilder;

TEST_CASE("digest: attempts keep their source ports and stages") {
  const auto evidence =
      EvidenceBuilder().Handshakes(3, {protocol::kResultDeadline, protocol::kSeenNodeSyn}).Build();
  const Digest digest = MakeDigest(evidence);
  const Batch& batch = digest.batches.at("h0");
  REQUIRE(batch.attempts.size() == 3);
  CHECK(batch.attempts[2].handshake.source_port == 40004);
  CHECK(batch.attempts[2].stage == Stage::kSynLost);
  CHECK(batch.attempts[2].failed());
}

TEST_CASE("digest: an answer after kubelet's limit is a failure, although it is right") {
  const auto evidence = EvidenceBuilder().HttpAnswer(200, 999999).HttpAnswer(200, 1000001).Build();
  const Digest digest = MakeDigest(evidence);
  const CheckCase& check = digest.checks.at("c0");
  CHECK_FALSE(check.attempts[0].failed);
  CHECK(check.attempts[1].failed);
  CHECK(check.attempts[1].late);
  CHECK(check.attempts[1].stage == Stage::kSlow);
}

TEST_CASE("digest: a check that found no connection ends where all handshakes ended") {
  auto lost = test::RefusedCheck();
  lost.connect_result = protocol::kResultDeadline;
  EvidenceBuilder builder;
  builder.Handshakes(2, {protocol::kResultDeadline, protocol::kSeenNodeSyn}).Check(lost);
  const auto one_stage = builder.Build();
  CHECK(MakeDigest(one_stage).checks.at("c0").attempts[0].stage == Stage::kSynLost);
  builder.Handshake(41000, {protocol::kResultDeadline, test::kSeenAll});
  const auto two_stages = builder.Build();
  CHECK(MakeDigest(two_stages).checks.at("c0").attempts[0].stage == Stage::kUnknown);
}

TEST_CASE("digest: a container that did not run all the time supports nothing") {
  const auto why = [](auto change) {
    EvidenceBuilder builder;
    change(builder.evidence());
    const auto evidence = builder.Build();
    return MakeDigest(evidence).probes.at(0).unusable;
  };
  CHECK(why([](model::Evidence&) {}).empty());
  CHECK(why([](model::Evidence& e) { e.pod_after.containers[0].restart_count = 1; }) ==
        "container web was restarted while it was checked");
  CHECK(why([](model::Evidence& e) {
          e.pod.containers[0].state = "waiting";
          e.pod.containers[0].state_reason = "CrashLoopBackOff";
        }) == "container web is not running (CrashLoopBackOff)");
  CHECK(why([](model::Evidence& e) { e.pod_after.uid = "other"; }) ==
        "the pod was replaced or deleted while it was checked");
  CHECK(why([](model::Evidence& e) { e.report.targets[1].containers[0].start_ticks = 2000; }) ==
        "container web was restarted while it was checked");
  CHECK(why([](model::Evidence& e) { e.report.targets[0].containers[0].running = false; }) ==
        "no process of container web was found on the node");
}

TEST_CASE("digest: a counter that this kernel lacks has no rise") {
  const auto evidence =
      EvidenceBuilder().Counter(protocol::Where::kPod, "TcpExt.ListenDrops", 5, 8).Build();
  const Digest digest = MakeDigest(evidence);
  CHECK(CounterRise(digest, protocol::Where::kPod, "TcpExt.ListenDrops") == 3);
  CHECK_FALSE(CounterRise(digest, protocol::Where::kPod, "TcpExt.PAWSPassive").has_value());
  CHECK_FALSE(CounterRise(digest, protocol::Where::kNode, "TcpExt.ListenDrops").has_value());
}

}  // namespace netcheck::diagnosis
