#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "container/process_spec.h"
#include "protocol/result.h"
#include "sys/unique_fd.h"
#include "target/pod_processes.h"

namespace netcheck::probe {

/// A command in a container: a child of this process, to be waited for with waitpid(2).
struct StartedCommand {
  pid_t pid = -1;     ///< Here; it is the leader of a session of its own. -1: it was not started.
  UniqueFd pidfd;     ///< Readable once it ended; invalid before Linux 5.3.
  UniqueFd output;    ///< Its standard output, to be read; does not block.
  UniqueFd errors;    ///< Its standard error, likewise.
  std::string error;  ///< What `execute` returned, when it did.
};

/// Replaces the process by the command, execve(2); returns only when that fails, with words for
/// why.
using Execute = std::function<std::string(const std::vector<std::string>& environment)>;

/// Starts a command in the container of `member`, as `runc exec` does (libcontainer/
/// setns_init_linux.go, init_linux.go): in the cgroups and all namespaces of that process, with
/// what `spec` says, standard input from /dev/null, in a session of its own. Only a seccomp filter
/// is not applied: the kernel lets nobody copy one.
/// The command dies with this process. It can't reach this one from within the container: nothing
/// that is open here is open there, and until execve(2) the child is not dumpable (ptrace(2)).
/// Fails when the container can't be entered; that says nothing about the command.
protocol::Result<StartedCommand> StartCommand(const Process& member,
                                              const ProcessSpec& spec,
                                              const Execute& execute,
                                              std::chrono::milliseconds timeout);

}  // namespace netcheck::probe
