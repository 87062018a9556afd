#include "container/session_processes.h"

#include <string_view>

#include "kernel/procfs_text.h"
#include "sys/file_reader.h"
#include "target/pod_processes.h"
#include "target/process_list.h"

namespace netcheck::probe {

std::vector<LeftProcess> ProcessesOfSession(pid_t session, const std::string& proc_root) {
  std::vector<LeftProcess> left;
  const auto pids = ListProcesses(proc_root);
  for (const std::int64_t pid : pids ? *pids : std::vector<std::int64_t>()) {
    const auto stat = ReadProcessStat(pid, proc_root);
    if (!stat || !stat->alive() || stat->session != session) {
      continue;
    }
    const auto name = ReadFile(proc_root + "/" + std::to_string(pid) + "/comm");
    left.push_back({static_cast<pid_t>(pid), std::string(Trim(name ? *name : "?"))});
  }
  return left;
}

}  // namespace netcheck::probe
