#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "checks/attempt.h"
#include "checks/go_quote.h"
#include "checks/grpc_status.h"
#include "checks/look_path.h"
#include "container/session_processes.h"
#include "container/start_command.h"
#include "engine/dial_error.h"

namespace netcheck::probe {
namespace {

using protocol::CheckPhase;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// pkg/probe/exec/exec.go, maxReadLength.
constexpr std::size_t kMaxOutput = 10240;
/// A container that can't be entered for so long is frozen, or has no CPU time at all.
constexpr milliseconds kStartTimeout{10'000};
/// For what a killed command had written.
constexpr milliseconds kDrainTimeout{1000};

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += (i > 0 ? " " : "") + words[i];
  }
  return text;
}

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) {
    pointers.push_back(const_cast<char*>(word.c_str()));  // NOLINT: execve(2) changes nothing.
  }
  pointers.push_back(nullptr);
  return pointers;
}

/// libcontainer/system/linux.go, Execv.
std::string ExecuteCommand(const std::vector<std::string>& command,
                           const std::vector<std::string>& environment) {
  constexpr std::string_view kPath = "PATH=";
  std::string search_path;
  for (const std::string& variable : environment) {
    if (variable.starts_with(kPath)) {
      search_path = variable.substr(kPath.size());
    }
  }
  const FoundProgram program = LookPath(command.front(), search_path);
  if (program.path.empty()) {
    return program.error;
  }
  execve(program.path.c_str(), Pointers(command).data(), Pointers(environment).data());
  return "exec " + program.path + ": " + GoErrnoText(errno);
}

/// What containerd (pkg/cri/server/container_execsync.go) and runc say of a command that can't be
/// executed, as kubelet gets it.
std::string NotExecuted(const std::string& why) {
  return "rpc error: code = Unknown desc = failed to exec in container: failed to start exec "
         "\"ID\": OCI runtime exec failed: exec failed: unable to start container process: " +
         why + ": unknown";
}

/// One of the command's streams, of which kubelet keeps only the start.
class OutputStream {
 public:
  explicit OutputStream(UniqueFd fd) : fd_(std::move(fd)) { fcntl(fd_.get(), F_SETFL, O_NONBLOCK); }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] bool open() const { return fd_.valid(); }
  [[nodiscard]] const std::string& text() const { return text_; }

  /// Reads once, so that a command that writes without end keeps nobody from looking at the clock.
  void Read() {
    std::array<char, 65536> buffer{};
    const ssize_t count = read(fd_.get(), buffer.data(), buffer.size());
    if (count > 0) {
      const std::size_t room = kMaxOutput - text_.size();
      text_.append(buffer.data(), std::min(room, static_cast<std::size_t>(count)));
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
      fd_.Reset();
    }
  }

 private:
  UniqueFd fd_;
  std::string text_;
};

/// A command from its execution to its end.
class RunningCommand {
 public:
  RunningCommand(StartedCommand started, const ProbeClock& clock)
      : pid_(started.pid),
        pidfd_(std::move(started.pidfd)),
        output_(std::move(started.output)),
        errors_(std::move(started.errors)),
        clock_(clock) {}
  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;
  RunningCommand(RunningCommand&&) = delete;
  RunningCommand& operator=(RunningCommand&&) = delete;
  /// Ends and reaps it.
  ~RunningCommand() {
    kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  /// Until it has ended and its streams are closed; containerd waits for both.
  WaitResult Wait(const Patience& patience) {
    while (!exited_us_ || output_.open() || errors_.open()) {
      if (patience.stop && patience.stop()) {
        return WaitResult::kStopped;
      }
      if (patience.Expired()) {
        return WaitResult::kExpired;
      }
      Poll(patience);
    }
    return WaitResult::kReady;
  }

  void Kill() { kill(pid_, SIGKILL); }

  /// Ends what it left behind, which is still known by the session's number: that can't be another
  /// process's before the command is reaped.
  std::vector<std::string> EndLeftBehind() {
    constexpr std::size_t kMaxNames = 10;
    std::vector<std::string> names;
    for (const LeftProcess& left : ProcessesOfSession(pid_)) {
      if (left.pid != pid_) {
        kill(left.pid, SIGKILL);
        if (names.size() < kMaxNames) {
          names.push_back(left.name);
        }
      }
    }
    return names;
  }

  [[nodiscard]] std::optional<std::int64_t> exited_us() const { return exited_us_; }
  [[nodiscard]] int exit_code() const { return exit_code_; }
  [[nodiscard]] bool output_open() const { return output_.open() || errors_.open(); }
  /// All of the standard output, then all of the standard error, as kubelet puts them together
  /// (kuberuntime_container.go, RunInContainer).
  [[nodiscard]] std::string Output() const {
    return (output_.text() + errors_.text()).substr(0, kMaxOutput);
  }

 private:
  void Poll(const Patience& patience) {
    constexpr milliseconds kSlice{50};
    constexpr milliseconds kSliceWithoutPidfd{5};
    const milliseconds slice = pidfd_.valid() || exited_us_ ? kSlice : kSliceWithoutPidfd;
    const auto left = std::chrono::ceil<milliseconds>(patience.until - steady_clock::now());
    std::array<pollfd, 3> entries{{{output_.fd(), POLLIN, 0},
                                   {errors_.fd(), POLLIN, 0},
                                   {exited_us_ ? -1 : pidfd_.get(), POLLIN, 0}}};
    poll(entries.data(),
         entries.size(),
         static_cast<int>(std::clamp(left, milliseconds(0), slice).count()));
    if (entries[0].revents != 0) {
      output_.Read();
    }
    if (entries[1].revents != 0) {
      errors_.Read();
    }
    LookForExit();
  }

  void LookForExit() {
    constexpr int kSignalled = 128;
    siginfo_t info{};
    if (exited_us_ ||
        waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
        info.si_pid == 0) {
      return;
    }
    exited_us_ = clock_.NowUs();
    exit_code_ = info.si_status + (info.si_code == CLD_EXITED ? 0 : kSignalled);
  }

  pid_t pid_;
  UniqueFd pidfd_;
  OutputStream output_;
  OutputStream errors_;
  const ProbeClock& clock_;
  std::optional<std::int64_t> exited_us_;
  int exit_code_ = 0;
};

/// Waits for a command that was executed, and judges it.
void Finish(StartedCommand started,
            const protocol::Check& check,
            const AttemptContext& context,
            AttemptOutcome& outcome) {
  protocol::CheckAttempt& fact = outcome.fact;
  protocol::ExecRun& run = *fact.exec;
  RunningCommand command(std::move(started), context.clock);
  run.started_us = context.clock.NowUs() - fact.start_us;
  fact.phase = CheckPhase::kRun;
  const auto end = steady_clock::now() + milliseconds(check.patience_ms);
  const WaitResult waited = command.Wait({end, context.stop});
  outcome.stopped = waited == WaitResult::kStopped;
  const bool in_time = command.exited_us().has_value();
  run.killed = !in_time;
  if (run.killed) {
    command.Kill();
    (void)command.Wait(Patience{steady_clock::now() + kDrainTimeout, {}});
  }
  run.output_held_open = command.output_open();
  run.left_running = command.EndLeftBehind();
  if (command.exited_us()) {
    run.exited_us = *command.exited_us() - fact.start_us;
    run.exit_code = command.exit_code();
  }
  fact.total_us = context.clock.NowUs() - fact.start_us;
  if (!in_time) {
    fact.result = "failure";
    fact.output = "command timed out: " + GoQuote(Join(check.exec.command)) + " timed out after " +
                  GoDuration(milliseconds(check.timeout_ms));
    return;
  }
  fact.phase = CheckPhase::kDone;
  fact.result = run.exit_code == 0 ? "success" : "failure";
  fact.output = command.Output();
}

}  // namespace

AttemptOutcome AttemptExec(const protocol::Check& check, const AttemptContext& context) {
  AttemptOutcome outcome;
  const auto container = std::find_if(
      context.containers.begin(), context.containers.end(), [&](const auto& candidate) {
        return candidate.running && candidate.name == check.exec.container;
      });
  if (container == context.containers.end()) {
    outcome.not_made = "container " + check.exec.container + ": none of its processes was found";
    return outcome;
  }
  const Process member{container->pid, container->start_ticks};
  const auto spec = ReadProcessSpec(member);
  if (!spec) {
    outcome.not_made = spec.error().message;
    return outcome;
  }
  outcome.fact.exec.emplace();
  outcome.fact.exec->source = spec->source == SpecSource::kRuntime ? "runtime" : "process";
  outcome.fact.exec->seccomp_left_out = spec->credentials.seccomp_mode == kSeccompFilter;
  outcome.fact.start_us = context.clock.NowUs();
  auto started = StartCommand(
      member,
      *spec,
      [&](const auto& environment) { return ExecuteCommand(check.exec.command, environment); },
      kStartTimeout);
  if (!started) {
    outcome.not_made = started.error().message;
    return outcome;
  }
  if (started->pid >= 0) {
    Finish(std::move(*started), check, context, outcome);
    return outcome;
  }
  outcome.fact.total_us = context.clock.NowUs() - outcome.fact.start_us;
  outcome.fact.phase = CheckPhase::kStart;
  outcome.fact.result = "unknown";
  outcome.fact.error = NotExecuted(started->error);
  return outcome;
}

}  // namespace netcheck::probe
