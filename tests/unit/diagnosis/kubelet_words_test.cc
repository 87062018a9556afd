#include "diagnosis/kubelet_words.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "support/evidence_builder.h"

namespace netcheck::diagnosis {
namespace {

using model::ProbeType;
using test::EvidenceBuilder;

Ending EndingOfMessage(const std::string& output) {
  const auto words = ReadKubeletMessage("Liveness probe failed: " + output);
  REQUIRE(words.has_value());
  CHECK(words->output == output);
  return words->ending;
}

TEST_CASE("kubelet words: whose probe it was") {
  CHECK(ReadKubeletMessage("Liveness probe failed: x")->type == ProbeType::kLiveness);
  CHECK(ReadKubeletMessage("Startup probe warning: x")->type == ProbeType::kStartup);
  const auto errored = ReadKubeletMessage(
      "Readiness probe errored and resulted in unknown state: rpc error: code = Unknown");
  REQUIRE(errored.has_value());
  CHECK(errored->type == ProbeType::kReadiness);
  CHECK(errored->output == "rpc error: code = Unknown");
  const auto combined = ReadKubeletMessage(
      "(combined from similar events): Startup probe failed: read tcp a:1->b:2: read: x");
  REQUIRE(combined.has_value());
  CHECK(combined->type == ProbeType::kStartup);
  CHECK(combined->output == "read tcp a:1->b:2: read: x");
  CHECK_FALSE(ReadKubeletMessage("Container web failed liveness probe, will be restarted"));
  CHECK(ReadKubeletMessage("Liveness probe failed: ")->output.empty());
}

TEST_CASE("kubelet words: how it ended") {
  const std::string get = "Get \"http://10.0.0.5:8080/\": ";
  CHECK(EndingOfMessage(get + "dial tcp 10.0.0.5:8080: connect: connection refused") ==
        Ending::kRefused);
  CHECK(EndingOfMessage("dial tcp 10.0.0.5:8080: i/o timeout") == Ending::kDialTimeout);
  CHECK(EndingOfMessage(get +
                        "net/http: request canceled while waiting for connection (Client.Timeout "
                        "exceeded while awaiting headers)") == Ending::kDialTimeout);
  CHECK(EndingOfMessage(get + "context deadline exceeded (Client.Timeout exceeded while awaiting "
                              "headers)") == Ending::kTimeout);
  CHECK(EndingOfMessage(
            "context deadline exceeded (Client.Timeout or context cancellation while reading "
            "body)") == Ending::kBodyTimeout);
  CHECK(EndingOfMessage(get + "EOF") == Ending::kReset);
  CHECK(
      EndingOfMessage(get + "read tcp 10.0.0.1:4->10.0.0.5:8080: read: connection reset by peer") ==
      Ending::kReset);
  CHECK(EndingOfMessage("dial tcp 10.0.0.5:80: connect: no route to host") == Ending::kUnreachable);
  CHECK(EndingOfMessage("dial tcp 10.0.0.5:80: connect: operation not permitted") ==
        Ending::kNotSent);
  CHECK(EndingOfMessage(get + "http: server gave HTTP response to HTTPS client") ==
        Ending::kProtocol);
  CHECK(EndingOfMessage("HTTP probe failed with statuscode: 503") == Ending::kStatus);
  CHECK(
      ReadKubeletMessage("Liveness probe failed: HTTP probe failed with statuscode: 503")->status ==
      503);
  CHECK(EndingOfMessage(
            "timeout: failed to connect service \"10.0.0.5:1\" within 1s: context deadline "
            "exceeded") == Ending::kNoGrpc);
  CHECK(EndingOfMessage("timeout: health rpc did not complete within 1s") == Ending::kCallTimeout);
  CHECK(EndingOfMessage("service unhealthy (responded with \"NOT_SERVING\")") ==
        Ending::kUnhealthy);
  CHECK(EndingOfMessage("cat: /tmp/healthy: No such file or directory") == Ending::kOther);
}

void AddEvent(EvidenceBuilder& builder, const std::string& output, int count, const char* last) {
  const model::Probe& probe = builder.evidence().probes[0];
  builder.evidence().events.push_back({"Unhealthy",
                                       probe.container,
                                       "Readiness probe failed: " + output,
                                       count,
                                       "2026-01-01T00:00:00Z",
                                       last});
}

std::vector<KubeletFailure> FailuresOf(const EvidenceBuilder& builder) {
  const model::Evidence evidence = builder.Build();
  return KubeletFailures(MakeDigest(evidence));
}

TEST_CASE("kubelet words: a runtime's name for a command is not compared") {
  EvidenceBuilder builder;
  const std::string one(64, '1');
  const std::string two(64, 'a');
  protocol::CheckAttempt attempt;
  attempt.result = "unknown";
  attempt.error = "failed to start exec \"" + std::string(64, 'f') + "\": none";
  builder.Check(attempt);
  AddEvent(builder, "failed to start exec \"" + one + "\": none", 1, "2026-01-01T00:00:01Z");
  AddEvent(builder, "failed to start exec \"" + two + "\": none", 1, "2026-01-01T00:00:02Z");
  AddEvent(builder, "failed to start exec \"x" + two + "\": none", 1, "2026-01-01T00:00:03Z");
  const auto failures = FailuresOf(builder);
  REQUIRE(failures.size() == 2);
  CHECK(failures[0].count == 2);
  CHECK(failures[0].same == 1);
  CHECK(failures[1].same == 0);
}

TEST_CASE("kubelet words: attempts that ended the same way are counted") {
  EvidenceBuilder builder;
  builder.Handshakes(20, {0, test::kSeenAll});
  builder.Handshake(50000, {protocol::kResultDeadline, protocol::kSeenNodeSyn});
  builder.HttpAnswer(200, 1000).HttpAnswer(200, 5'000'000).HttpAnswer(503, 1000);
  AddEvent(builder,
           "Get \"http://10.244.0.5:8080/\": context deadline exceeded (Client.Timeout exceeded "
           "while awaiting headers)",
           14,
           "2026-01-01T00:10:00Z");
  AddEvent(builder, "HTTP probe failed with statuscode: 503", 2, "2026-01-01T00:11:00Z");
  AddEvent(builder, "HTTP probe failed with statuscode: 500", 1, "2026-01-01T00:12:00Z");
  const auto failures = FailuresOf(builder);
  REQUIRE(failures.size() == 3);
  CHECK(failures[0].count == 14);
  CHECK(failures[0].attempts == 24);
  CHECK(failures[0].same == 2);  // The lost handshake and the late answer.
  CHECK(failures[0].stage == Stage::kUnknown);
  CHECK(failures[1].attempts == 3);  // A handshake can't end with a status.
  CHECK(failures[1].same == 1);
  CHECK(failures[1].stage == Stage::kWrongAnswer);
  CHECK(failures[2].same == 0);
}

TEST_CASE("kubelet words: events of one kind are one failure") {
  EvidenceBuilder builder;
  builder.HttpAnswer(200, 1000);
  AddEvent(builder, "dial tcp 10.244.0.5:8080: i/o timeout", 3, "2026-01-01T00:10:00Z");
  AddEvent(builder, "dial tcp 10.244.0.9:8080: i/o timeout", 4, "2026-01-01T00:20:00Z");
  builder.evidence().events.back().first_seen = "2026-01-01T00:19:00Z";
  const auto failures = FailuresOf(builder);
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].count == 7);
  CHECK(failures[0].first_seen == "2026-01-01T00:00:00Z");
  CHECK(failures[0].last_seen == "2026-01-01T00:20:00Z");
  CHECK(failures[0].message.find("10.244.0.9") != std::string::npos);
}

TEST_CASE("kubelet words: events of other containers and probes are left out") {
  EvidenceBuilder builder;
  builder.HttpAnswer(200, 1000);
  AddEvent(builder, "dial tcp 10.244.0.5:8080: i/o timeout", 3, "2026-01-01T00:10:00Z");
  builder.evidence().events.back().container = "other";
  AddEvent(builder, "x", 1, "2026-01-01T00:10:00Z");
  builder.evidence().events.back().message = "Liveness probe failed: x";
  CHECK(FailuresOf(builder).empty());
}

}  // namespace
}  // namespace netcheck::diagnosis
