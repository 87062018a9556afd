#include "diagnosis/forecast.h"

#include <doctest/doctest.h>

#include <cmath>
#include <optional>
#include <vector>

#include "diagnosis/probe_worker.h"
#include "support/evidence_builder.h"

namespace netcheck::diagnosis {
namespace {

using model::ProbeType;
using Outcome = ProbeWorker::Outcome;
using Stored = ProbeWorker::Stored;
using test::EvidenceBuilder;

model::Probe ProbeOf(ProbeType type, int failure_threshold = 3, int success_threshold = 1) {
  model::Probe probe;
  probe.container = "web";
  probe.type = type;
  probe.failure_threshold = failure_threshold;
  probe.success_threshold = success_threshold;
  return probe;
}

Stored After(const model::Probe& probe, const std::vector<Outcome>& outcomes) {
  ProbeWorker worker(probe);
  for (const Outcome outcome : outcomes) {
    worker.Observe(outcome);
  }
  return worker.stored();
}

constexpr Outcome kPass = Outcome::kSuccess;
constexpr Outcome kFail = Outcome::kFailure;
constexpr Outcome kError = Outcome::kError;

TEST_CASE("probe worker: what holds before the first attempt") {
  CHECK(After(ProbeOf(ProbeType::kReadiness), {}) == Stored::kFailure);
  CHECK(After(ProbeOf(ProbeType::kLiveness), {}) == Stored::kSuccess);
  CHECK(After(ProbeOf(ProbeType::kStartup), {}) == Stored::kUnknown);
}

TEST_CASE("probe worker: only as many in a row as the threshold count") {
  const model::Probe liveness = ProbeOf(ProbeType::kLiveness);
  CHECK(After(liveness, {kFail, kFail}) == Stored::kSuccess);
  CHECK(After(liveness, {kFail, kFail, kPass, kFail, kFail}) == Stored::kSuccess);
  CHECK(After(liveness, {kFail, kFail, kFail}) == Stored::kFailure);
  const model::Probe readiness = ProbeOf(ProbeType::kReadiness, 1, 2);
  CHECK(After(readiness, {kPass}) == Stored::kFailure);
  CHECK(After(readiness, {kPass, kPass}) == Stored::kSuccess);
  CHECK(After(readiness, {kPass, kPass, kFail}) == Stored::kFailure);
}

TEST_CASE("probe worker: an error neither counts nor interrupts a row") {
  const model::Probe liveness = ProbeOf(ProbeType::kLiveness);
  CHECK(After(liveness, {kFail, kError, kFail, kError, kFail}) == Stored::kFailure);
  CHECK(After(liveness, {kError, kError, kError, kError}) == Stored::kSuccess);
}

TEST_CASE("probe worker: on hold after a failed liveness and after any startup result") {
  ProbeWorker liveness(ProbeOf(ProbeType::kLiveness, 1));
  liveness.Observe(kFail);
  CHECK(liveness.on_hold());
  liveness.Observe(kPass);
  CHECK(liveness.stored() == Stored::kFailure);
  ProbeWorker startup(ProbeOf(ProbeType::kStartup, 1));
  startup.Observe(kPass);
  CHECK(startup.on_hold());
  CHECK(startup.stored() == Stored::kSuccess);
  ProbeWorker readiness(ProbeOf(ProbeType::kReadiness, 1));
  readiness.Observe(kFail);
  CHECK_FALSE(readiness.on_hold());
}

TEST_CASE("outlook: liveness that fails restarts the container at its third failure") {
  model::Probe probe = ProbeOf(ProbeType::kLiveness);
  const Outlook outlook = SimulateStart({{&probe, kFail, 1}});
  CHECK(outlook.restart_s == 21);  // Attempts at 0, 10 and 20 s, each a second long.
  CHECK(outlook.restarted_by == ProbeType::kLiveness);
  CHECK(outlook.ready_s == 0);  // Without a readiness probe it is ready when it runs.
  probe.initial_delay_s = 15;
  CHECK(SimulateStart({{&probe, kFail, 1}}).restart_s == 41);  // At 20, 30 and 40 s.
}

TEST_CASE("outlook: the container starts between two ticks") {
  model::Probe probe = ProbeOf(ProbeType::kLiveness);
  CHECK(SimulateStart({{&probe, kFail, 1}}, 7).restart_s == 24);  // At 3, 13 and 23 s.
  CHECK(SimulateStart({{&probe, kFail, 1}}, 27).restart_s == 24);
  probe.initial_delay_s = 4;
  CHECK(SimulateStart({{&probe, kFail, 1}}, 7).restart_s == 34);
}

TEST_CASE("outlook: an attempt longer than the period is followed at once by the tick that waits") {
  model::Probe probe = ProbeOf(ProbeType::kLiveness);
  probe.period_s = 2;
  CHECK(SimulateStart({{&probe, kFail, 5}}).restart_s == 15);
}

TEST_CASE("outlook: readiness never restarts anything") {
  const model::Probe probe = ProbeOf(ProbeType::kReadiness);
  const Outlook outlook = SimulateStart({{&probe, kFail, 1}});
  CHECK_FALSE(outlook.restart_s.has_value());
  CHECK_FALSE(outlook.ready_s.has_value());
  CHECK(SimulateStart({{&probe, kPass, 0.5}}).ready_s == 0.5);
}

TEST_CASE("outlook: liveness and readiness wait for the startup probe") {
  const model::Probe startup = ProbeOf(ProbeType::kStartup, 30);
  const model::Probe liveness = ProbeOf(ProbeType::kLiveness, 1);
  const model::Probe readiness = ProbeOf(ProbeType::kReadiness);
  const Outlook well = SimulateStart({{&startup, kPass, 2}, {&readiness, kPass, 1}});
  CHECK(well.ready_s == 11);  // Readiness skips its tick at 0 s.
  const Outlook live = SimulateStart({{&startup, kPass, 2}, {&liveness, kFail, 1}});
  CHECK(live.restart_s == 11);
  CHECK(live.restarted_by == ProbeType::kLiveness);
  const Outlook stuck = SimulateStart({{&startup, kFail, 1}, {&liveness, kFail, 1}});
  CHECK(stuck.restart_s == 291);
  CHECK(stuck.restarted_by == ProbeType::kStartup);
  CHECK_FALSE(stuck.ready_s.has_value());
  const Outlook errs = SimulateStart({{&startup, kError, 1}, {&liveness, kFail, 1}});
  CHECK_FALSE(errs.restart_s.has_value());
}

TEST_CASE("forecast: mean number of attempts until a row of failures") {
  CHECK(MeanAttemptsUntilRun(1, 3) == 3);
  CHECK(MeanAttemptsUntilRun(0.5, 1) == doctest::Approx(2));
  CHECK(MeanAttemptsUntilRun(0.5, 3) == doctest::Approx(14));
  CHECK(std::isinf(MeanAttemptsUntilRun(0, 3)));
}

TEST_CASE("forecast: Wilson's interval") {
  CHECK(WilsonInterval(0, 0).low == 0);
  CHECK(WilsonInterval(0, 0).high == 1);
  CHECK(WilsonInterval(5, 10).low == doctest::Approx(0.2366).epsilon(0.001));
  CHECK(WilsonInterval(5, 10).high == doctest::Approx(0.7634).epsilon(0.001));
  CHECK(WilsonInterval(10, 10).high == doctest::Approx(1));
}

protocol::CheckAttempt Stalled() {
  protocol::CheckAttempt attempt;
  attempt.result = "failure";
  attempt.error = "unexpected EOF";
  attempt.connect_us = 100;
  attempt.first_byte_us = 500;
  attempt.total_us = 1000;
  attempt.http_status = 200;
  attempt.phase = protocol::CheckPhase::kBody;
  return attempt;
}

Forecast TheForecast(const model::Evidence& evidence) {
  const std::vector<Forecast> forecasts = Forecasts(MakeDigest(evidence));
  REQUIRE(forecasts.size() == 1);
  return forecasts.front();
}

TEST_CASE("forecast: what passes, fails and errs") {
  EvidenceBuilder well;
  well.HttpAnswer(200, 1000);
  CHECK(TheForecast(well.Build()).text == "the pod is or becomes ready");
  EvidenceBuilder sick;
  sick.evidence().probes[0].type = ProbeType::kLiveness;
  sick.HttpAnswer(500, 1000).HttpAnswer(500, 1000);
  const Forecast restarts = TheForecast(sick.Build());
  CHECK(restarts.failed == 2);
  CHECK(*restarts.after_s_low == doctest::Approx(20.001));
  CHECK(*restarts.after_s_high == doctest::Approx(30).epsilon(0.01));
  CHECK(restarts.text.find("restarts the container about 20 s to about 30 s after each start") !=
        std::string::npos);
  sick.evidence().pod.terminating = true;
  CHECK(TheForecast(sick.Build()).text.find("the pod is being deleted") != std::string::npos);
  EvidenceBuilder errs;
  errs.Check(Stalled()).Check(Stalled());
  const Forecast thrown_away = TheForecast(errs.Build());
  CHECK(thrown_away.failed == 0);
  CHECK(thrown_away.errored == 2);
  CHECK(thrown_away.text.find("throws such attempts away") != std::string::npos);
}

TEST_CASE("forecast: a container that is not restarted, and a pod that is being deleted") {
  EvidenceBuilder sick;
  sick.evidence().probes[0].type = ProbeType::kLiveness;
  sick.evidence().pod.containers[0].never_restarted = true;
  sick.HttpAnswer(500, 1000).HttpAnswer(500, 1000);
  const std::string text = TheForecast(sick.Build()).text;
  CHECK(text.find("kills the container about ") != std::string::npos);
  CHECK(text.find("after its start, for good: restartPolicy is Never") != std::string::npos);
  sick.evidence().pod_after.terminating = true;
  CHECK(TheForecast(sick.Build()).text ==
        "kubelet does not make it any more: the pod is being deleted");
  sick.evidence().probes[0].type = ProbeType::kReadiness;
  CHECK(TheForecast(sick.Build()).text.find("does not become ready") != std::string::npos);
}

TEST_CASE("forecast: what fails now and then is given as an interval that holds the mean") {
  EvidenceBuilder builder;
  for (int i = 0; i < 20; ++i) {
    builder.HttpAnswer(i % 2 == 0 ? 500 : 200, 1000);
  }
  const Forecast forecast = TheForecast(builder.Build());
  const double mean = 10 * MeanAttemptsUntilRun(0.5, 3);
  REQUIRE(forecast.after_s_low.has_value());
  CHECK(*forecast.after_s_low < mean);
  CHECK(*forecast.after_s_high > mean);
}

TEST_CASE("forecast: an answer whose body alone was late is an error for kubelet") {
  EvidenceBuilder builder;
  builder.HttpAnswer(200, 5'000'000);
  builder.evidence().report.check_attempts.back().first_byte_us = 2000;
  CHECK(TheForecast(builder.Build()).errored == 1);
}

}  // namespace
}  // namespace netcheck::diagnosis
