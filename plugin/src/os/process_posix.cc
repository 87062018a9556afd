#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "os/os.h"

#if defined(__APPLE__)
#include <crt_externs.h>
#define environ (*_NSGetEnviron())
#else
extern char** environ;  // NOLINT: POSIX declares it nowhere
#endif

namespace netcheck::os {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxOutput = std::size_t{1} << 20U;

std::atomic<int> first_signal{0};
static_assert(std::atomic<int>::is_always_lock_free, "the signal handler writes it");
// Readable from the first interrupt on and never read, so every later poll() returns at once.
std::array<int, 2> wake_pipe = {-1, -1};

extern "C" void OnSignal(int number) {
  const int saved_errno = errno;
  int none = 0;
  if (first_signal.compare_exchange_strong(none, number)) {
    const char byte = 0;
    // A full or closed pipe can't be helped here; the flag is set.
    [[maybe_unused]] const ssize_t written = ::write(wake_pipe[1], &byte, 1);
  }
  errno = saved_errno;
}

void CloseOnExec(int file_descriptor) {
  ::fcntl(file_descriptor, F_SETFD, FD_CLOEXEC);
}

void Install(int number) {
  struct sigaction action {};
  if (number == SIGHUP && ::sigaction(number, nullptr, &action) == 0 &&
      action.sa_handler == SIG_IGN) {
    return;  // nohup
  }
  action = {};
  action.sa_handler = OnSignal;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(number, &action, nullptr);  // without SA_RESTART: blocking calls come back
}

int MillisecondsLeft(Clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

/// Ours, with `added` on top, as "NAME=value".
std::vector<std::string> JoinedEnvironment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> joined;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!added.contains(text.substr(0, text.find('=')))) {
      joined.push_back(text);
    }
  }
  for (const auto& [name, value] : added) {
    joined.emplace_back(name).append("=").append(value);
  }
  return joined;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

/// A child with its stdout in our pipe. Killed and reaped when it goes out of scope.
class Child {
 public:
  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      int status = 0;
      while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
      }
    }
    if (output_ >= 0) {
      ::close(output_);
    }
  }

  /// 0 or errno.
  int Start(std::vector<std::string> argv, std::vector<std::string> environment, bool interactive) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) {
      return errno;
    }
    CloseOnExec(ends[0]);
    CloseOnExec(ends[1]);
    output_ = ends[0];

    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (!interactive) {
      ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    }
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    sigset_t defaults;
    ::sigemptyset(&defaults);
    ::sigaddset(&defaults, SIGPIPE);  // ours is ignored, and exec() would hand that down
    ::posix_spawnattr_setsigdefault(&attributes, &defaults);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

    const int error = ::posix_spawnp(&pid_,
                                     argv.front().c_str(),
                                     &actions,
                                     &attributes,
                                     Pointers(argv).data(),
                                     Pointers(environment).data());
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (error != 0) {
      pid_ = -1;
    }
    return error;
  }

  [[nodiscard]] int output() const { return output_; }

  /// The exit code once it has ended.
  std::optional<int> Poll() {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) {
      return std::nullopt;
    }
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

/// Why a running program must not run on; nullopt: it may.
std::optional<std::string> ReasonToStop(Clock::time_point deadline, bool interrupted_before) {
  if (Clock::now() >= deadline) {
    return "took too long";
  }
  if (!interrupted_before && Interrupted() != 0) {
    return "was interrupted";
  }
  return std::nullopt;
}

}  // namespace

void CatchInterrupts() {
  if (wake_pipe[0] >= 0 || ::pipe(wake_pipe.data()) != 0) {
    return;
  }
  for (const int end : wake_pipe) {
    CloseOnExec(end);
    ::fcntl(end, F_SETFL, O_NONBLOCK);
  }
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    Install(number);
  }
  ::signal(SIGPIPE, SIG_IGN);
}

int Interrupted() {
  return first_signal.load();
}

void Sleep(std::chrono::milliseconds duration) {
  const auto deadline = Clock::now() + duration;
  while (Interrupted() == 0 && Clock::now() < deadline) {
    pollfd wake{wake_pipe[0], POLLIN, 0};  // a negative descriptor is ignored
    // One more, because poll() counts whole milliseconds and would otherwise spin in the last one.
    ::poll(&wake, 1, MillisecondsLeft(deadline) + 1);
  }
}

protocol::Result<ProcessResult> Run(const std::vector<std::string>& argv,
                                    const std::map<std::string, std::string>& environment,
                                    bool interactive,
                                    std::chrono::seconds timeout) {
  if (argv.empty()) {
    return protocol::Error{"no program was named", EINVAL};
  }
  const auto deadline = Clock::now() + timeout;
  const bool interrupted_before = Interrupted() != 0;
  const std::string& name = argv.front();
  Child child;
  if (const int error = child.Start(argv, JoinedEnvironment(environment), interactive)) {
    return protocol::Error{"cannot run " + name + ": " + std::strerror(error), error};
  }

  ProcessResult result;
  bool output_open = true;
  for (;;) {
    if (const auto reason = ReasonToStop(deadline, interrupted_before)) {
      return protocol::Error{name + " " + *reason, 0};
    }
    // Short steps: neither the interrupt nor the end of the process is in this poll().
    const int step = output_open ? 50 : 2;
    pollfd readable{output_open ? child.output() : -1, POLLIN, 0};
    if (::poll(&readable, 1, std::min(step, MillisecondsLeft(deadline) + 1)) > 0) {
      std::array<char, 4096> chunk{};
      const ssize_t got = ::read(child.output(), chunk.data(), chunk.size());
      if (got > 0) {
        result.stdout_text.append(chunk.data(), static_cast<std::size_t>(got));
      } else if (got == 0 || errno != EINTR) {
        output_open = false;
      }
      if (result.stdout_text.size() > kMaxOutput) {
        return protocol::Error{name + " printed more than 1 MiB", EFBIG};
      }
      if (got > 0) {
        continue;
      }
    }
    if (output_open) {
      continue;
    }
    if (const auto exit_code = child.Poll()) {
      result.exit_code = *exit_code;
      return result;
    }
  }
}

}  // namespace netcheck::os
