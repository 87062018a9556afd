#include "container/start_command.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string_view>
#include <utility>

#include "container/become_process.h"
#include "container/container_cgroup.h"
#include "kernel/procfs_text.h"
#include "sys/child_process.h"
#include "sys/close_range.h"
#include "sys/system_error.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Result;

/// Records of the children's report, each ended by NUL: what was done, or why it could not be.
constexpr std::string_view kPid = "pid ";         ///< The command's process, as seen here.
constexpr std::string_view kNotIn = "enter ";     ///< The container was not entered.
constexpr std::string_view kNotRun = "execute ";  ///< The command was not executed.

struct Namespace {
  UniqueFd fd;
  std::string name;
};

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};

/// Everything that the child needs, made before it enters the container.
struct Preparation {
  std::vector<Namespace> namespaces;
  std::vector<UniqueFd> cgroups;
  std::vector<ResourceLimit> limits;  ///< Of the container's process.
  UniqueFd null;
  Pipe output;
  Pipe errors;
  Pipe report;
};

std::string ProcessPath(std::int64_t pid) {
  return "/proc/" + std::to_string(pid);
}

/// Those that are not this process's own already. The user namespace comes last: before it, this
/// process may enter the others by its own rights.
Result<std::vector<Namespace>> OpenNamespaces(std::int64_t pid) {
  std::vector<Namespace> namespaces;
  for (const char* name : {"cgroup", "ipc", "uts", "net", "pid", "mnt", "user"}) {
    const std::string path = ProcessPath(pid) + "/ns/" + name;
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid() && errno == ENOENT) {
      continue;  // This kernel has no such namespaces.
    }
    struct stat theirs {};
    struct stat ours {};
    if (!fd.valid() || fstat(fd.get(), &theirs) != 0) {
      return SystemError(path, errno);
    }
    if (stat((std::string("/proc/self/ns/") + name).c_str(), &ours) != 0 ||
        ours.st_ino != theirs.st_ino) {
      namespaces.push_back({std::move(fd), name});
    }
  }
  return namespaces;
}

/// What the runtime's config.json does not limit is limited as for the container's other processes,
/// as far as this process may.
std::vector<ResourceLimit> LimitsOf(std::int64_t pid) {
  std::vector<ResourceLimit> limits;
  for (int resource = 0; resource < RLIM_NLIMITS; ++resource) {
    rlimit value{};
    if (syscall(SYS_prlimit64, static_cast<pid_t>(pid), resource, nullptr, &value) == 0) {
      limits.push_back({resource, value.rlim_cur, value.rlim_max});
    }
  }
  return limits;
}

Result<Pipe> MakePipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return SystemError("pipe", errno);
  }
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<Preparation> Prepare(const Process& member) {
  Preparation made;
  auto namespaces = OpenNamespaces(member.pid);
  if (!namespaces) {
    return namespaces.error();
  }
  made.namespaces = std::move(*namespaces);
  auto cgroups = OpenCgroupsOf(member.pid);
  if (!cgroups) {
    return cgroups.error();
  }
  made.cgroups = std::move(*cgroups);
  made.limits = LimitsOf(member.pid);
  // Its number may be another process's by now.
  const auto stat = ReadProcessStat(member.pid, "/proc");
  if (!stat || !stat->alive() || stat->start_ticks != member.start_ticks) {
    return Error{"the container's process " + std::to_string(member.pid) + " ended", 0};
  }
  made.null.Reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!made.null.valid()) {
    return SystemError("/dev/null", errno);
  }
  for (Pipe* pipe : {&made.output, &made.errors, &made.report}) {
    auto ends = MakePipe();
    if (!ends) {
      return ends.error();
    }
    *pipe = std::move(*ends);
  }
  return made;
}

void Report(int fd, std::string_view what, const std::string& text) {
  // One write: records of two processes must not mix.
  constexpr std::size_t kAtomic = 4096;  // PIPE_BUF
  std::string record = std::string(what) + text;
  record.resize(std::min(record.size(), kAtomic - 1));
  record += '\0';
  (void)!write(fd, record.data(), record.size());
}

bool ReaderIsGone(int fd) {
  pollfd entry{fd, 0, 0};
  return poll(&entry, 1, 0) == 1 && (entry.revents & POLLERR) != 0;
}

/// The command's own process.
[[noreturn]] void RunCommand(const ProcessSpec& spec,
                             const Execute& execute,
                             const Preparation& made) {
  constexpr int kNotExecuted = 127;
  int report = made.report.writer.get();
  std::vector<std::string> environment;
  const std::string problem =
      BecomeProcess(spec,
                    {made.null.get(), made.output.writer.get(), made.errors.writer.get()},
                    report,
                    environment);
  // Set after the user was changed, which clears it. A parent that went before is not noticed by
  // it: then nobody reads.
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (!problem.empty()) {
    Report(report, kNotIn, problem);
  } else if (!ReaderIsGone(report)) {
    Report(report, kNotRun, execute(environment));
  }
  _exit(kNotExecuted);
}

/// Nothing else of this process may be within the container's reach.
void CloseAllBut(std::vector<int> keep) {
  std::sort(keep.begin(), keep.end());
  unsigned next = STDERR_FILENO + 1;
  for (const int fd : keep) {
    if (static_cast<unsigned>(fd) > next) {
      CloseRange(next, static_cast<unsigned>(fd) - 1);
    }
    next = std::max(next, static_cast<unsigned>(fd) + 1);
  }
  CloseRange(next, ~0U);
}

/// In the first child, which ends when the second is made: only a child of a process that called
/// setns(2) is in the other PID namespace. The second is a child of this process's parent.
int EnterAndFork(const ProcessSpec& spec, const Execute& execute, const Preparation& made) {
  const int report = made.report.writer.get();
  const std::vector<int> streams{
      made.null.get(), made.output.writer.get(), made.errors.writer.get(), report};
  std::vector<int> needed = streams;
  for (const UniqueFd& cgroup : made.cgroups) {
    needed.push_back(cgroup.get());
  }
  for (const Namespace& space : made.namespaces) {
    needed.push_back(space.fd.get());
  }
  CloseAllBut(std::move(needed));
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  for (const UniqueFd& cgroup : made.cgroups) {
    if (write(cgroup.get(), "0", 1) != 1) {
      Report(report, kNotIn, SystemError("join the container's cgroup", errno).message);
      return 1;
    }
  }
  for (const ResourceLimit& limit : made.limits) {
    const rlimit value{limit.soft, limit.hard};
    (void)syscall(SYS_prlimit64, 0, limit.resource, &value, nullptr);
  }
  if (spec.oom_score_adj) {
    const UniqueFd file(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
    const std::string number = std::to_string(*spec.oom_score_adj);
    (void)!write(file.get(), number.data(), number.size());
  }
  for (const Namespace& space : made.namespaces) {
    if (setns(space.fd.get(), 0) != 0) {
      Report(
          report, kNotIn, SystemError("setns to its " + space.name + " namespace", errno).message);
      return 1;
    }
  }
  CloseAllBut(streams);
  const auto pid = static_cast<pid_t>(syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0));
  if (pid == 0) {
    RunCommand(spec, execute, made);
  }
  if (pid < 0) {
    Report(report, kNotIn, SystemError("fork", errno).message);
    return 1;
  }
  Report(report, kPid, std::to_string(pid));
  return 0;
}

/// Appends all that the children report; it ends when the command was executed, or its process
/// ended.
Result<void> ReadReport(int fd, Deadline deadline, std::string& report) {
  constexpr std::size_t kMost = 16384;
  std::array<char, 4096> buffer{};
  while (report.size() < kMost) {
    if (auto ready = WaitReadable(fd, deadline); !ready) {
      return ready;
    }
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count == 0) {
      break;
    }
    if (count < 0 && errno != EINTR) {
      return SystemError("read", errno);
    }
    report.append(buffer.data(), count < 0 ? 0 : static_cast<std::size_t>(count));
  }
  return {};
}

/// What a record tells; nullopt: there is none.
std::optional<std::string> Told(std::string_view report, std::string_view what) {
  while (!report.empty()) {
    const std::size_t end = std::min(report.find('\0'), report.size());
    if (report.starts_with(what)) {
      return std::string(report.substr(what.size(), end - what.size()));
    }
    report.remove_prefix(std::min(end + 1, report.size()));
  }
  return std::nullopt;
}

/// A child that is not needed any more.
void EndAndReap(pid_t pid) {
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

}  // namespace

Result<StartedCommand> StartCommand(const Process& member,
                                    const ProcessSpec& spec,
                                    const Execute& execute,
                                    std::chrono::milliseconds timeout) {
  const Deadline deadline = std::chrono::steady_clock::now() + timeout;
  auto made = Prepare(member);
  if (!made) {
    return made.error();
  }
  const auto child = ChildProcess::Start([&] { return EnterAndFork(spec, execute, *made); });
  if (!child) {
    return child.error();
  }
  for (Pipe* pipe : {&made->output, &made->errors, &made->report}) {
    pipe->writer.Reset();
  }
  std::string report;
  const auto complete = ReadReport(made->report.reader.get(), deadline, report);
  StartedCommand started;
  if (const auto pid = Told(report, kPid)) {
    started.pid = static_cast<pid_t>(ParseDecimal(*pid).value_or(-1));
  }
  const auto not_in = complete ? Told(report, kNotIn) : complete.error().message;
  const auto not_run = Told(report, kNotRun);
  if (not_in || not_run) {
    if (started.pid > 0) {
      EndAndReap(started.pid);
    }
    if (not_in) {
      return Error{"container of process " + std::to_string(member.pid) + ": " + *not_in, 0};
    }
    started.pid = -1;
    started.error = *not_run;
    return started;
  }
  if (started.pid <= 0) {
    return Error{"container of process " + std::to_string(member.pid) +
                     ": the process that was to enter it ended without a word",
                 0};
  }
  started.pidfd.Reset(static_cast<int>(syscall(SYS_pidfd_open, started.pid, 0U)));
  started.output = std::move(made->output.reader);
  started.errors = std::move(made->errors.reader);
  return started;
}

}  // namespace netcheck::probe
