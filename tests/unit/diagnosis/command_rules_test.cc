// What is said of exec probes: of commands that fail, are slow, or can't be executed.
#include <doctest/doctest.h>

#include "diagnosis/finding.h"
#include "diagnosis/kubelet_words.h"
#include "support/evidence_builder.h"

namespace netcheck::diagnosis {
namespace {

constexpr std::int64_t kStart = 20'000;  // Microseconds to enter the container.

/// A run of the command that ended by itself.
protocol::CheckAttempt Ended(int exit_code, std::int64_t run_us, const std::string& output = "") {
  protocol::CheckAttempt attempt;
  attempt.check = "c0";
  attempt.phase = protocol::CheckPhase::kDone;
  attempt.result = exit_code == 0 ? "success" : "failure";
  attempt.output = output;
  attempt.total_us = kStart + run_us;
  attempt.exec.emplace();
  attempt.exec->source = "runtime";
  attempt.exec->started_us = kStart;
  attempt.exec->exited_us = kStart + run_us;
  attempt.exec->exit_code = exit_code;
  return attempt;
}

protocol::CheckAttempt Killed() {
  protocol::CheckAttempt attempt =
      Ended(137, 10'000'000, "command timed out: \"cat\" timed out after 1s");
  attempt.result = "failure";
  attempt.phase = protocol::CheckPhase::kRun;
  attempt.exec->killed = true;
  return attempt;
}

protocol::CheckAttempt NotExecuted(const std::string& why) {
  protocol::CheckAttempt attempt;
  attempt.check = "c0";
  attempt.phase = protocol::CheckPhase::kStart;
  attempt.result = "unknown";
  attempt.error =
      "rpc error: code = Unknown desc = failed to exec in container: failed to start exec \"ID\": "
      "OCI runtime exec failed: exec failed: unable to start container process: " +
      why + ": unknown";
  attempt.exec.emplace();
  attempt.exec->source = "runtime";
  return attempt;
}

/// The builder's pod with an exec probe, `cat /ready`, instead of its HTTP probe.
class ExecEvidence {
 public:
  explicit ExecEvidence(std::vector<protocol::CheckAttempt> attempts) {
    builder_.HttpAnswer(200, 1000);
    model::Evidence& evidence = builder_.evidence();
    evidence.report.check_attempts = std::move(attempts);
    for (std::size_t i = 0; i < evidence.report.check_attempts.size(); ++i) {
      evidence.report.check_attempts[i].index = static_cast<int>(i);
    }
    model::Probe& probe = evidence.probes.at(0);
    probe.kind = model::ProbeKind::kExec;
    probe.command = {"cat", "/ready"};
    probe.batch_ids.clear();
    protocol::Check& check = evidence.plan.checks.at(0);
    check.kind = protocol::CheckKind::kExec;
    check.exec = {"web", probe.command};
    check.timeout_ms = 1000;
    check.patience_ms = 10000;
    evidence.node.container_runtime_version = "containerd://1.6.20";
  }
  model::Evidence& evidence() { return builder_.evidence(); }
  [[nodiscard]] Report Diagnosed() const { return Diagnose(builder_.Build()); }

 private:
  test::EvidenceBuilder builder_;
};

bool Mentions(const std::vector<std::string>& lines, const std::string& text) {
  for (const std::string& line : lines) {
    if (line.find(text) != std::string::npos) {
      return true;
    }
  }
  return false;
}

const Finding& Only(const Report& report) {
  REQUIRE(report.findings.size() == 1);
  return report.findings[0];
}

}  // namespace

TEST_CASE("commands: one that succeeds in time yields nothing") {
  const Report report = ExecEvidence({Ended(0, 5000), Ended(0, 990'000)}).Diagnosed();
  CHECK(report.verdict == Verdict::kHealthy);
  CHECK(report.risks.empty());
  CHECK(report.not_seen.empty());
  REQUIRE(report.checks.size() == 1);
  CHECK(report.checks[0].kind == "exec");
  CHECK(report.checks[0].target == "cat /ready");
  CHECK(report.checks[0].attempts[0].total_ms == 5.0);
  CHECK(report.checks[0].attempts[0].start_ms == 20.0);
  CHECK(report.checks[0].attempts[0].exit_code == 0);
}

TEST_CASE("commands: a failure is told with its exit code and words") {
  const Report report =
      ExecEvidence({Ended(1, 5000, "\ncat: /ready: No such file or directory\nmore"), Ended(0, 1)})
          .Diagnosed();
  const Finding& finding = Only(report);
  CHECK(finding.code == "NC-EXEC-001");
  CHECK(finding.certainty == Certainty::kProven);
  CHECK(finding.claims.size() == 1);
  CHECK(Mentions(finding.evidence, "1 of 2 runs of \"cat /ready\""));
  CHECK(Mentions(finding.evidence, "It wrote: cat: /ready: No such file or directory"));
  CHECK_FALSE(Mentions(finding.evidence, "more"));
  CHECK(report.checks[0].attempts[0].stage == Stage::kExitCode);
}

TEST_CASE("commands: what an exit code means") {
  const auto evidence_of = [](int code) {
    return Only(ExecEvidence({Ended(code, 1)}).Diagnosed()).evidence;
  };
  CHECK(Mentions(evidence_of(127), "exit code 127: a shell says so of a command that it does not"));
  CHECK(Mentions(evidence_of(137), "exit code 137: signal 9 ended it"));
  CHECK(Mentions(evidence_of(255), "exit code 255."));
}

TEST_CASE("commands: with the first process's environment it is only likely") {
  protocol::CheckAttempt attempt = Ended(1, 5000);
  attempt.exec->source = "process";
  attempt.exec->seccomp_left_out = true;
  const Report report = ExecEvidence({attempt}).Diagnosed();
  CHECK(Only(report).certainty == Certainty::kLikely);
  CHECK(report.not_seen.size() == 2);
}

TEST_CASE("commands: later than timeoutSeconds") {
  const Report report =
      ExecEvidence({Ended(0, 1'500'000), Ended(0, 400'000), Ended(1, 1'900'000)}).Diagnosed();
  const Finding& finding = Only(report);
  CHECK(finding.code == "NC-TIMEOUT-002");
  CHECK(finding.certainty == Certainty::kProven);
  CHECK(finding.claims.size() == 2);
  CHECK(Mentions(finding.evidence,
                 "fastest 400 ms, median 1.50 s, 90 % within 1.90 s, slowest 1.90 s"));
  CHECK(Mentions(finding.fix, "timeoutSeconds: 3"));
  CHECK(report.checks[0].attempts[0].detail == "success, after 1.50 s; kubelet waits 1 s");
}

TEST_CASE("commands: the time to enter the container is not the command's") {
  protocol::CheckAttempt attempt = Ended(0, 600'000);
  attempt.exec->started_us = 700'000;
  attempt.exec->exited_us = 1'300'000;
  attempt.total_us = 1'300'000;
  CHECK(ExecEvidence({attempt}).Diagnosed().verdict == Verdict::kHealthy);
}

TEST_CASE("commands: one without end gets no value to set") {
  protocol::CheckAttempt attempt = Killed();
  attempt.exec->left_running = {"sleep"};
  const Finding finding = Only(ExecEvidence({attempt}).Diagnosed());
  CHECK(finding.code == "NC-TIMEOUT-002");
  CHECK(Mentions(finding.evidence,
                 "1 run had not ended when netcheck killed it, after at most 10.00 s"));
  CHECK(Mentions(finding.evidence, "It left processes running, which kubelet does not end: sleep"));
  CHECK_FALSE(Mentions(finding.fix, "timeoutSeconds:"));
}

TEST_CASE("commands: one that can't be executed") {
  const auto diagnosed = [](const std::string& why) {
    return ExecEvidence({NotExecuted(why)}).Diagnosed();
  };
  const Report report = diagnosed("exec: \"cat\": executable file not found in $PATH");
  const Finding& finding = Only(report);
  CHECK(finding.code == "NC-EXEC-002");
  CHECK(finding.certainty == Certainty::kProven);
  CHECK(
      Mentions(finding.evidence, "1 of 1 run: exec: \"cat\": executable file not found in $PATH"));
  CHECK(Mentions(finding.evidence, "neither succeeds nor fails"));
  CHECK(Mentions(finding.fix, "The image of container web has no cat"));
  REQUIRE(report.forecasts.size() == 1);
  CHECK(report.forecasts[0].errored == 1);
  CHECK(Mentions(Only(diagnosed("exec: \"cat\": permission denied")).fix, "chmod +x"));
  CHECK(Mentions(Only(diagnosed("exec /cat: exec format error")).fix, "architecture"));
  ExecEvidence one_word({NotExecuted("exec: \"cat /ready\": stat cat /ready: no such file")});
  one_word.evidence().probes[0].command = {"cat /ready"};
  CHECK(Mentions(Only(one_word.Diagnosed()).fix, "as one word"));
  ExecEvidence other_runtime({NotExecuted("exec: \"cat\": executable file not found in $PATH")});
  other_runtime.evidence().node.container_runtime_version = "cri-o://1.31";
  CHECK_FALSE(Mentions(Only(other_runtime.Diagnosed()).evidence, "neither"));
}

TEST_CASE("commands: output that is held open is a risk, and no failure") {
  protocol::CheckAttempt attempt = Ended(0, 5000);
  attempt.total_us = 10'000'000;
  attempt.exec->output_held_open = true;
  attempt.exec->left_running = {"helper"};
  const Report report = ExecEvidence({attempt}).Diagnosed();
  CHECK(report.verdict == Verdict::kHealthy);
  REQUIRE(report.risks.size() == 1);
  CHECK(report.risks[0].code == "NC-EXEC-003");
  CHECK(Mentions(report.risks[0].evidence, "helper"));
}

TEST_CASE("commands: a check that could not be made is named") {
  ExecEvidence evidence({});
  evidence.evidence().report.unavailable.push_back(
      {protocol::Moment::kUnknown, protocol::Where::kUnknown, "check c0", "cgroup /a: refused", 0});
  const Report report = evidence.Diagnosed();
  CHECK(report.verdict == Verdict::kUndetermined);
  REQUIRE(report.not_seen.size() == 1);
  CHECK(report.not_seen[0].why == "cgroup /a: refused");
}

TEST_CASE("commands: what kubelet saw, whatever the command wrote") {
  const auto ending = [](const std::string& message) {
    return EndingOfCommand(*ReadKubeletMessage(message));
  };
  CHECK(ending("Liveness probe failed: curl: connect: connection refused") == Ending::kExitCode);
  CHECK(ending("Liveness probe failed: ") == Ending::kExitCode);
  CHECK(ending("Liveness probe failed: command timed out: \"x\" timed out after 1s") ==
        Ending::kCommandSlow);
  CHECK(ending("Readiness probe errored and resulted in unknown state: rpc error: x") ==
        Ending::kNotExecuted);
  CHECK(ending("Readiness probe errored: rpc error: x") == Ending::kNotExecuted);
}

TEST_CASE("commands: our runs beside kubelet's") {
  ExecEvidence evidence({Ended(1, 5000, "a"), Ended(0, 5000), Killed()});
  evidence.evidence().events = {
      {"Unhealthy", "web", "Readiness probe failed: connect: connection refused", 3, "1", "2"},
      {"Unhealthy", "web", "Readiness probe failed: something else", 2, "1", "3"},
      {"Unhealthy",
       "web",
       "Readiness probe failed: command timed out: \"c\" timed out after 1s",
       1,
       "1",
       "4"}};
  const Report report = evidence.Diagnosed();
  REQUIRE(report.kubelet.size() == 2);
  CHECK(report.kubelet[0].count == 5);
  CHECK(report.kubelet[0].stage == Stage::kExitCode);
  CHECK(report.kubelet[0].attempts == 3);
  CHECK(report.kubelet[0].same == 1);
  CHECK(report.kubelet[1].stage == Stage::kCommandSlow);
  CHECK(report.kubelet[1].same == 1);
}

}  // namespace netcheck::diagnosis
