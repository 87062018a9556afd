#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <utility>

#include "protocol/result.h"

namespace netcheck::probe {

using Deadline = std::chrono::steady_clock::time_point;

/// Waits until `fd` is readable or its other end is closed. ETIMEDOUT at the deadline.
protocol::Result<void> WaitReadable(int fd, Deadline deadline);

/// A forked child that does one thing and ends. It dies with its parent (PR_SET_PDEATHSIG), and at
/// the latest when this object goes.
class ChildProcess {
 public:
  /// Runs `work` in the child, whose exit code is what it returns; an exception there is code 70.
  /// The child ends with _exit(2): nothing buffered is written twice.
  static protocol::Result<ChildProcess> Start(const std::function<int()>& work);

  ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  ChildProcess& operator=(ChildProcess&&) = delete;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  /// Kills the child and reaps it, unless the kernel holds it for more than a second.
  ~ChildProcess();

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  pid_t pid_;
};

}  // namespace netcheck::probe
