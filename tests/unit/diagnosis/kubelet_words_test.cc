#include "diagnosis/kubelet_words.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "support/evidence_builder.h"

namespace netcheck::diagnosis {
namespace {

using model::ProbeType;
using test::EvidenceBuilder;

Ending EndingIn(const std::string& output) {
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
  CHECK_FALSE(ReadKubeletMessage("Container web failed liveness probe, will be restarted"));
  CHECK(ReadKubeletMessage("Liveness probe failed: ")->output.empty());
}

TEST_CASE("kubelet words: how it ended") {
  const std::string get = "Get \"http://10.0.0.5:8080/\": ";
  CHECK(EndingIn(get + "dial tcp 10.0.0.5:8080: connect: connection refused") == Ending::kRefused);
  CHECK(EndingIn("dial tcp 10.0.0.5:8080: i/o timeout") == Ending::kDialTimeout);
  CHECK(EndingIn(get + "net/http: request canceled while waiting for connection (Client.Timeout "
                       "exceeded while awaiting headers)") == Ending::kDialTimeout);
  CHECK(EndingIn(get + "context deadline exceeded (Client.Timeout exceeded while awaiting "
                       "headers)") == Ending::kTimeout);
  CHECK(EndingIn("context deadline exceeded (Client.Timeout or context cancellation while reading "
                 "body)") == Ending::kBodyTimeout);
  CHECK(EndingIn(get + "EOF") == Ending::kReset);
  CHECK(EndingIn(get + "read tcp 10.0.0.1:4->10.0.0.5:8080: read: connection reset by peer") ==
        Ending::kReset);
  CHECK(EndingIn("dial tcp 10.0.0.5:80: connect: no route to host") == Ending::kUnreachable);
  CHECK(EndingIn("dial tcp 10.0.0.5:80: connect: operation not permitted") == Ending::kNotSent);
  CHECK(EndingIn(get + "http: server gave HTTP response to HTTPS client") == Ending::kProtocol);
  CHECK(EndingIn("HTTP probe failed with statuscode: 503") == Ending::kStatus);
  CHECK(
      ReadKubeletMessage("Liveness probe failed: HTTP probe failed with statuscode: 503")->status ==
      503);
  CHECK(EndingIn("cat: /tmp/healthy: No such file or directory") == Ending::kOther);
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
