// The command of an exec probe can't be executed, ends with a failure, or leaves its output open.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "diagnosis/rule.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

bool NotExecuted(const JudgedAttempt& attempt) {
  return attempt.stage == Stage::kNotExecuted;
}

bool Failed(const JudgedAttempt& attempt) {
  return attempt.stage == Stage::kExitCode;
}

std::vector<const JudgedAttempt*> Commands(const ProbeCase& probe) {
  std::vector<const JudgedAttempt*> commands;
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& judged : check->attempts) {
      if (judged.attempt->exec) {
        commands.push_back(&judged);
      }
    }
  }
  return commands;
}

/// What the runtime gave and what was found agree only where the runtime told it.
Certainty CertaintyOf(const std::vector<const JudgedAttempt*>& commands) {
  return commands.front()->attempt->exec->source == "runtime" ? Certainty::kProven
                                                              : Certainty::kLikely;
}

/// What runc says at the end of its words: `exec: "x": executable file not found in $PATH`.
std::string Cause(const std::string& error) {
  constexpr std::string_view kStart = "unable to start container process: ";
  constexpr std::string_view kEnd = ": unknown";
  const std::size_t at = error.find(kStart);
  std::string cause = at == error.npos ? error : error.substr(at + kStart.size());
  if (cause.ends_with(kEnd)) {
    cause.resize(cause.size() - kEnd.size());
  }
  return cause;
}

std::string AdviceFor(const std::string& cause, const model::Probe& probe) {
  const auto says = [&](std::string_view words) { return cause.find(words) != cause.npos; };
  const std::string program = probe.command.empty() ? "" : CommandLine({probe.command.front()});
  if (program.find(' ') != program.npos) {
    return fmt::format(
        "exec.command has \"{}\" as one word: write each argument as an item of its "
        "own, or [\"sh\", \"-c\", \"...\"] where the image has a shell.",
        program);
  }
  if (says("permission denied")) {
    return fmt::format("Make {} executable in the image (chmod +x), or name a program.", program);
  }
  if (says("exec format error")) {
    return fmt::format(
        "{} is no program for this node's architecture, or a script without its "
        "first line \"#!/bin/sh\".",
        program);
  }
  return fmt::format(
      "The image of container {} has no {}: correct exec.command, or put the program into the "
      "image.",
      probe.container,
      program);
}

Finding ExplainNotExecuted(const Digest& digest,
                           const ProbeCase& probe,
                           const std::vector<const JudgedAttempt*>& commands,
                           std::vector<AttemptRef> claims) {
  const auto first = std::find_if(
      commands.begin(), commands.end(), [](const auto* judged) { return NotExecuted(*judged); });
  const std::string cause = Cause((*first)->attempt->error);
  Finding finding;
  finding.code = "NC-EXEC-002";
  finding.certainty = CertaintyOf(commands);
  finding.subject = probe.subject;
  finding.title = "The command can't be executed in the container";
  finding.evidence.push_back(fmt::format("{} of {}: {}",
                                         claims.size(),
                                         Count(static_cast<std::int64_t>(commands.size()), "run"),
                                         cause));
  if (digest.evidence->node.container_runtime_version.starts_with("containerd")) {
    finding.evidence.emplace_back(
        "With containerd this is no failed attempt for kubelet but an error: it tries three times "
        "and throws the attempt away, so the probe neither succeeds nor fails.");
  }
  finding.fix.push_back(AdviceFor(cause, *probe.probe));
  finding.claims = std::move(claims);
  return finding;
}

std::string MeaningOf(int code) {
  constexpr int kNotExecutable = 126;
  constexpr int kNotFound = 127;
  constexpr int kSignalled = 128;
  constexpr int kSignals = 64;
  if (code == kNotExecutable) {
    return ": a shell says so of a file that is not executable";
  }
  if (code == kNotFound) {
    return ": a shell says so of a command that it does not find";
  }
  if (code > kSignalled && code <= kSignalled + kSignals) {
    return fmt::format(": signal {} ended it, or something that it ran", code - kSignalled);
  }
  return "";
}

/// The first line that is not empty, cut where it is long.
std::string FirstLine(std::string_view text) {
  constexpr std::size_t kMost = 200;
  text.remove_prefix(std::min(text.find_first_not_of("\r\n"), text.size()));
  const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
  return end > kMost ? std::string(text.substr(0, kMost)) + "…" : std::string(text.substr(0, end));
}

Finding ExplainFailed(const ProbeCase& probe,
                      const std::vector<const JudgedAttempt*>& commands,
                      std::vector<AttemptRef> claims) {
  std::map<int, int> codes;
  std::set<std::string> words;
  for (const JudgedAttempt* judged : commands) {
    if (Failed(*judged)) {
      ++codes[judged->attempt->exec->exit_code];
      words.insert(FirstLine(judged->attempt->output));
    }
  }
  words.erase("");
  Finding finding;
  finding.code = "NC-EXEC-001";
  finding.certainty = CertaintyOf(commands);
  finding.subject = probe.subject;
  finding.title = fmt::format("The command ends with exit code {}, which fails the probe",
                              codes.begin()->first);
  for (const auto& [code, count] : codes) {
    finding.evidence.push_back(
        fmt::format("{} of {} of \"{}\" in the container ended with exit code {}{}.",
                    count,
                    Count(static_cast<std::int64_t>(commands.size()), "run"),
                    CommandLine(probe.probe->command),
                    code,
                    MeaningOf(code)));
  }
  if (!words.empty()) {
    finding.evidence.push_back(fmt::format("It wrote: {}", *words.begin()));
  }
  finding.fix.push_back(
      fmt::format("The application, or the command, says that it is not well: see what the command "
                  "checks, and run it with kubectl exec in container {}.",
                  probe.probe->container));
  finding.claims = std::move(claims);
  return finding;
}

/// A risk rather than a cause: the attempt itself may pass.
Finding ExplainHeldOpen(const ProbeCase& probe, const std::set<std::string>& names) {
  Finding finding;
  finding.code = "NC-EXEC-003";
  finding.certainty = Certainty::kPossible;
  finding.subject = probe.subject;
  finding.title = "The command leaves a process running that holds its output open";
  finding.evidence.push_back(fmt::format(
      "When the command had ended, its standard output or error was still open; it left "
      "running: {}. netcheck ended what was left.",
      names.empty() ? "nothing of its own session" : fmt::format("{}", fmt::join(names, ", "))));
  finding.evidence.emplace_back(
      "containerd gives kubelet the result only when the output is closed: until then kubelet "
      "makes "
      "no other such check of this container, whatever timeoutSeconds says.");
  finding.fix.emplace_back(
      "Redirect the output of what the command starts in the background: >/dev/null 2>&1.");
  return finding;
}

void ExplainOutput(const ProbeCase& probe,
                   const std::vector<const JudgedAttempt*>& commands,
                   std::vector<Finding>& findings) {
  bool held = false;
  std::set<std::string> names;
  for (const JudgedAttempt* judged : commands) {
    const protocol::ExecRun& run = *judged->attempt->exec;
    if (run.output_held_open && !run.killed) {
      held = true;
      names.insert(run.left_running.begin(), run.left_running.end());
    }
  }
  if (held) {
    findings.push_back(ExplainHeldOpen(probe, names));
  }
}

}  // namespace

std::vector<Finding> CommandFailed(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ProbeCase& probe : digest.probes) {
    const auto commands = Commands(probe);
    if (!probe.unusable.empty() || commands.empty()) {
      continue;
    }
    if (auto claims = ClaimChecks(probe, NotExecuted); !claims.empty()) {
      findings.push_back(ExplainNotExecuted(digest, probe, commands, std::move(claims)));
    }
    if (auto claims = ClaimChecks(probe, Failed); !claims.empty()) {
      findings.push_back(ExplainFailed(probe, commands, std::move(claims)));
    }
    ExplainOutput(probe, commands, findings);
  }
  return findings;
}

}  // namespace netcheck::diagnosis
