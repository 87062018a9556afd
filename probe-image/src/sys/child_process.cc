#include "sys/child_process.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "sys/system_error.h"

namespace netcheck::probe {
namespace {

using protocol::Result;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kExceptionExitCode = 70;  // EX_SOFTWARE of sysexits.h.
constexpr milliseconds kReapTimeout{1000};

[[noreturn]] void RunChild(pid_t parent, const std::function<int()>& work) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) {  // It went before the line above took effect.
    _exit(kExceptionExitCode);
  }
  int code = kExceptionExitCode;
  try {
    code = work();
  } catch (...) {
    code = kExceptionExitCode;
  }
  _exit(code);
}

}  // namespace

Result<void> WaitReadable(int fd, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    pollfd entry{fd, POLLIN, 0};
    const int ready = poll(&entry, 1, static_cast<int>(std::clamp<long long>(left, 0, 60000)));
    if (ready > 0) {
      return {};
    }
    if (ready < 0 && errno != EINTR) {
      return SystemError("poll", errno);
    }
    if (steady_clock::now() >= deadline) {
      return SystemError("no answer in time", ETIMEDOUT);
    }
  }
}

Result<ChildProcess> ChildProcess::Start(const std::function<int()>& work) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    return SystemError("fork", errno);
  }
  if (pid == 0) {
    RunChild(parent, work);
  }
  return ChildProcess(pid);
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) {
    return;
  }
  kill(pid_, SIGKILL);
  const auto deadline = steady_clock::now() + kReapTimeout;
  for (;;) {
    const pid_t reaped = waitpid(pid_, nullptr, WNOHANG);
    const bool gone = reaped == pid_ || (reaped < 0 && errno == ECHILD);
    if (gone || steady_clock::now() >= deadline) {
      return;
    }
    const timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
  }
}

}  // namespace netcheck::probe
