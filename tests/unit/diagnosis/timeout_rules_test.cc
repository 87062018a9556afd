// Answers that come too late or never, and what tells the causes apart: a slow application, a CPU
// limit, a blocked application, lost packets, a slow network.
#include <doctest/doctest.h>

#include "diagnosis/finding.h"
#include "diagnosis/forecast.h"
#include "support/evidence_builder.h"
#include "support/mentions.h"

namespace netcheck::diagnosis {
namespace {

using protocol::kResultDeadline;
using protocol::Moment;
using protocol::Where;
using test::EvidenceBuilder;
using test::kSeenAll;
using test::Mentions;

using Names = std::vector<std::string>;

Names Codes(const std::vector<Finding>& findings) {
  Names codes;
  for (const Finding& finding : findings) {
    codes.push_back(finding.code);
  }
  return codes;
}

/// An answer whose handshake took `connect_us` of the whole.
protocol::CheckAttempt Answer(std::int64_t connect_us, std::int64_t total_us) {
  protocol::CheckAttempt attempt;
  attempt.connect_us = connect_us;
  attempt.first_byte_us = total_us;
  attempt.total_us = total_us;
  attempt.phase = protocol::CheckPhase::kDone;
  attempt.http_status = 200;
  attempt.result = "success";
  attempt.seen = kSeenAll;
  return attempt;
}

/// Connected, and no byte in 10 s.
protocol::CheckAttempt NoAnswer() {
  protocol::CheckAttempt attempt;
  attempt.connect_us = 150;
  attempt.total_us = 10'000'100;
  attempt.phase = protocol::CheckPhase::kHeaders;
  attempt.result = "failure";
  attempt.output =
      "Get \"http://10.244.0.5:8080/healthz\": context deadline exceeded (Client.Timeout exceeded "
      "while awaiting headers)";
  attempt.seen = kSeenAll;
  return attempt;
}

void Throttle(EvidenceBuilder& builder,
              std::int64_t throttled,
              std::int64_t periods,
              std::int64_t throttled_us,
              const char* subject = "web") {
  builder.evidence().report.cpu_throttling.push_back({Moment::kBefore, subject, 10, 5, 1000});
  builder.evidence().report.cpu_throttling.push_back(
      {Moment::kAfter, subject, 10 + periods, 5 + throttled, 1000 + throttled_us});
}

/// Queue of the pod's listener on 8080 before and after.
void Queue(EvidenceBuilder& builder, std::uint32_t before, std::uint32_t after) {
  builder.Listeners({{"0.0.0.0", 8080, false, before, 128}});
  builder.evidence().report.listeners[1].listeners[0].queue = after;
}

/// A handshake that passed after so long.
void Handshake(EvidenceBuilder& builder, int port, std::int64_t duration_us) {
  builder.Handshake(port, {0, kSeenAll});
  builder.evidence().report.handshakes.back().duration_us = {duration_us};
}

/// Counters of a run in which the listener dropped nothing and `again` SYNs were sent again.
void Counters(EvidenceBuilder& builder, std::int64_t again, std::int64_t listen_drops = 0) {
  builder.Counter(Where::kPod, "TcpExt.ListenDrops", 3, 3 + listen_drops)
      .Counter(Where::kPod, "TcpExt.ListenOverflows", 3, 3)
      .Counter(Where::kNode, "TcpExt.TCPSynRetrans", 50, 50 + again);
}

/// 20 fast handshakes, and answers of which some had to send their SYN again.
EvidenceBuilder Lossy() {
  EvidenceBuilder builder;
  builder.Handshakes(20, {0, kSeenAll})
      .Check(Answer(150, 900))
      .Check(Answer(1'024'000, 1'025'000))
      .Check(Answer(150, 900))
      .Check(Answer(1'023'000, 1'024'000));
  return builder;
}

}  // namespace

TEST_CASE("slow answer: distribution, and what it comes to in a day") {
  EvidenceBuilder builder;
  for (int i = 1; i <= 10; ++i) {
    builder.HttpAnswer(200, i * 150'000);  // 0.15 s to 1.5 s, four of them late.
  }
  builder.evidence().probes[0].type = model::ProbeType::kLiveness;
  const Report report = Diagnose(builder.Build());
  REQUIRE(Codes(report.findings) == Names{"NC-TIMEOUT-001"});
  const Finding& finding = report.findings[0];
  CHECK(Mentions(finding.evidence, "4 of 10 answers came after timeoutSeconds"));
  CHECK(Mentions(finding.evidence, "fastest 150 ms, median 900 ms, 90 % within 1.35 s, slowest"));
  CHECK(Mentions(finding.evidence, "in a day of 8640 probes (periodSeconds 10)"));
  CHECK(Mentions(finding.evidence, "17 % to 69 %, 95 % confidence from 10 attempts"));
  CHECK(Mentions(finding.evidence, "restarts the container"));
  CHECK(Mentions(finding.evidence, "not in the network"));
  CHECK(Mentions(finding.fix, "timeoutSeconds: 3"));
}

TEST_CASE("slow answer: a slow network is not the application") {
  EvidenceBuilder builder;
  for (int i = 0; i < 5; ++i) {
    Handshake(builder, 40000 + i, 600'000);
    builder.Check(Answer(600'000, 1'210'000));
  }
  const Report report = Diagnose(builder.Build());
  REQUIRE(Codes(report.findings) == Names{"NC-TIMEOUT-001"});
  CHECK(Mentions(report.findings[0].evidence, "The network takes most of it"));
  CHECK_FALSE(Mentions(report.findings[0].evidence, "spent in the application"));
}

TEST_CASE("closed after timeoutSeconds: neither slow nor blocked, and nobody is blamed") {
  protocol::CheckAttempt closed = NoAnswer();
  closed.output = "Get \"http://10.244.0.5:8080/healthz\": EOF";
  closed.total_us = 1'200'000;
  protocol::CheckAttempt cut_off = NoAnswer();
  cut_off.total_us = 1'000'100;
  EvidenceBuilder builder;
  builder.Check(closed).Check(cut_off);
  Queue(builder, 0, 2);
  const Report report = Diagnose(builder.Build());
  CHECK(report.findings.empty());
  CHECK(report.unexplained.size() == 1);
  // Not words that kubelet would have for it.
  CHECK(report.checks[0].attempts[0].detail ==
        "Get \"http://10.244.0.5:8080/healthz\": EOF, after 1.20 s; kubelet waits 1 s");

  EvidenceBuilder silent = builder;
  silent.Check(NoAnswer());
  CHECK(Diagnose(silent.Build()).findings.empty());

  EvidenceBuilder some_answer = builder;
  some_answer.HttpAnswer(200, 1'300'000);
  const Report slow = Diagnose(some_answer.Build());
  REQUIRE(Codes(slow.findings) == Names{"NC-TIMEOUT-001"});
  CHECK(slow.unexplained.size() == 1);  // Nothing says why that one was closed.
}

TEST_CASE("cpu throttled: names the limit where it explains the delay") {
  EvidenceBuilder builder;
  builder.HttpAnswer(200, 3'980'000);
  Throttle(builder, 60, 62, 3'600'000);
  const Report report = Diagnose(builder.Build());
  REQUIRE(Codes(report.findings) == Names{"NC-CPU-001"});
  CHECK(report.findings[0].certainty == Certainty::kProven);
  CHECK(Mentions(report.findings[0].evidence, "60 of 62"));
  CHECK(Mentions(report.findings[0].fix, "CPU limit"));
  CHECK(report.unexplained.empty());
}

TEST_CASE("cpu throttled: not where it held up little, or what hardly wanted to run") {
  EvidenceBuilder little;
  little.HttpAnswer(200, 3'980'000);
  Throttle(little, 5, 62, 300'000);
  const Report report = Diagnose(little.Build());
  REQUIRE(Codes(report.findings) == Names{"NC-TIMEOUT-001"});
  CHECK(Mentions(report.findings[0].evidence, "5 of 62"));
  EvidenceBuilder idle;
  idle.HttpAnswer(200, 1'030'000);
  Throttle(idle, 1, 1, 80'000);
  CHECK(Codes(Diagnose(idle.Build()).findings) == Names{"NC-TIMEOUT-001"});
}

TEST_CASE(
    "cpu throttled: an application in time is healthy, and our own throttling tells nothing") {
  EvidenceBuilder fast;
  fast.HttpAnswer(200, 900'000);
  Throttle(fast, 60, 62, 3'600'000);
  CHECK(Diagnose(fast.Build()).verdict == Verdict::kHealthy);
  EvidenceBuilder ours;
  ours.HttpAnswer(200, 3'980'000);
  Throttle(ours, 60, 62, 3'600'000);
  Throttle(ours, 3, 62, 3'600'000, "probe");
  CHECK(Diagnose(ours.Build()).verdict == Verdict::kUndetermined);
}

TEST_CASE("application blocked: what it did not accept is still in its queue") {
  EvidenceBuilder builder;
  builder.Check(NoAnswer()).Check(NoAnswer());
  Queue(builder, 1, 3);
  const Report report = Diagnose(builder.Build());
  REQUIRE(Codes(report.findings) == Names{"NC-APP-001"});
  CHECK(report.findings[0].certainty == Certainty::kProven);
  CHECK(
      Mentions(report.findings[0].evidence, "1 connection that the application had not accepted"));
  CHECK(report.unexplained.empty());
}

TEST_CASE("application blocked: also where the TLS handshake ends before the patience does") {
  protocol::CheckAttempt attempt = NoAnswer();
  attempt.phase = protocol::CheckPhase::kTls;
  attempt.output = "Get \"https://10.244.0.5:8080/healthz\": net/http: TLS handshake timeout";
  EvidenceBuilder builder;
  builder.Check(attempt);
  builder.evidence().plan.checks[0].timeout_ms = 2000;
  builder.evidence().plan.checks[0].patience_ms = 20'000;
  Queue(builder, 0, 1);
  const Report report = Diagnose(builder.Build());
  CHECK(Codes(report.findings) == Names{"NC-APP-001"});
  CHECK(report.unexplained.empty());
}

TEST_CASE("application blocked: undetermined where it accepts, or the listeners are unknown") {
  EvidenceBuilder accepts;
  accepts.Check(NoAnswer()).Check(NoAnswer());
  Queue(accepts, 0, 1);
  Report report = Diagnose(accepts.Build());
  CHECK(report.findings.empty());
  REQUIRE(report.unexplained.size() == 1);
  CHECK(report.unexplained[0].stage == Stage::kSlow);
  EvidenceBuilder unknown;
  unknown.Check(NoAnswer());
  unknown.evidence().report.listeners.clear();
  CHECK(Diagnose(unknown.Build()).findings.empty());
}

TEST_CASE("application blocked: not one that answers, if late, nor one that is held up") {
  EvidenceBuilder late;
  late.Check(NoAnswer()).HttpAnswer(200, 5'000'000);
  Queue(late, 0, 3);
  CHECK(Codes(Diagnose(late.Build()).findings) == Names{"NC-TIMEOUT-001"});
  EvidenceBuilder throttled;
  throttled.Check(NoAnswer());
  Queue(throttled, 0, 1);
  Throttle(throttled, 95, 100, 9'000'000);
  CHECK(Codes(Diagnose(throttled.Build()).findings) == Names{"NC-CPU-001"});
}

TEST_CASE("packet loss: a second that the handshake took is not the application's") {
  EvidenceBuilder builder = Lossy();
  Counters(builder, 2);
  const Report report = Diagnose(builder.Build());
  REQUIRE(Codes(report.findings) == Names{"NC-LOSS-001"});
  CHECK(report.findings[0].certainty == Certainty::kLikely);
  CHECK(report.findings[0].claims.size() == 2);
  CHECK(Mentions(report.findings[0].evidence, "2 of 24 handshakes"));
  CHECK(Mentions(report.findings[0].fix, "timeoutSeconds: 2"));
  CHECK(report.unexplained.empty());
}

TEST_CASE("packet loss: proven where a tap saw one, with the handshakes that were given up") {
  EvidenceBuilder builder = Lossy();
  builder.Handshake(41000, {kResultDeadline, protocol::kSeenNodeSyn})
      .Handshake(41002,
                 {kResultDeadline,
                  protocol::kSeenNodeSyn | protocol::kSeenPodSyn | protocol::kSeenPodSynAck});
  Counters(builder, 4);
  const Report report = Diagnose(builder.Build());
  REQUIRE(Codes(report.findings) == Names{"NC-LOSS-001"});
  CHECK(report.findings[0].certainty == Certainty::kProven);
  CHECK(report.findings[0].claims.size() == 4);
}

TEST_CASE("packet loss: a risk where it did no harm, nothing where it happened once") {
  EvidenceBuilder builder;
  builder.Handshakes(20, {0, kSeenAll}).HttpAnswer(200, 900);
  Handshake(builder, 41000, 1'020'000);
  Counters(builder, 2);
  CHECK(Diagnose(builder.Build()).risks.empty());
  Handshake(builder, 41002, 3'050'000);
  const Report report = Diagnose(builder.Build());
  CHECK(report.verdict == Verdict::kHealthy);
  CHECK(Codes(report.risks) == Names{"NC-LOSS-001"});
}

TEST_CASE("packet loss: undetermined where something else may have dropped the SYN") {
  const auto undetermined = [](const EvidenceBuilder& builder) {
    const Report report = Diagnose(builder.Build());
    CHECK(report.findings.empty());
    CHECK(report.risks.empty());
    REQUIRE_FALSE(report.unexplained.empty());
    CHECK(report.unexplained[0].stage == Stage::kSlow);
  };
  SUBCASE("nobody knows what the listener did") {
    undetermined(Lossy());
  }
  SUBCASE("the listener dropped them") {
    EvidenceBuilder builder = Lossy();
    Counters(builder, 2, 2);
    undetermined(builder);
  }
  SUBCASE("no SYN was sent twice") {
    EvidenceBuilder builder = Lossy();
    Counters(builder, 0);
    undetermined(builder);
  }
  SUBCASE("conntrack dropped them") {
    EvidenceBuilder builder = Lossy();
    Counters(builder, 2);
    builder.evidence().report.conntrack_tables = {
        {Moment::kBefore, Where::kNode, 3, 10, 10, {{"insert_failed", 1}}},
        {Moment::kAfter, Where::kNode, 3, 10, 10, {{"insert_failed", 3}}}};
    undetermined(builder);
  }
}

TEST_CASE("packet loss: handshakes that never pass are a filter's") {
  EvidenceBuilder builder;
  builder.Handshakes(5, {0, kSeenAll}).Handshake(41000, {kResultDeadline, protocol::kSeenNodeSyn});
  Counters(builder, 1);
  CHECK(Codes(Diagnose(builder.Build()).findings) == Names{"NC-LOST-002"});
}

TEST_CASE("packet loss: an answer that is late without it, too, is a slow application's") {
  EvidenceBuilder builder = Lossy();
  builder.Check(Answer(1'020'000, 3'000'000));
  Counters(builder, 3);
  const Report report = Diagnose(builder.Build());
  CHECK(Codes(report.findings) == Names{"NC-TIMEOUT-001", "NC-LOSS-001"});
}

}  // namespace netcheck::diagnosis
