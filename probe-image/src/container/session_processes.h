#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace netcheck::probe {

/// A process that a command left behind.
struct LeftProcess {
  pid_t pid = 0;
  std::string name;  ///< /proc/PID/comm
};

/// The live processes of a session (setsid(2)), whose number is that of the process that made it.
std::vector<LeftProcess> ProcessesOfSession(pid_t session, const std::string& proc_root = "/proc");

}  // namespace netcheck::probe
