#include "target/process_list.h"

#include <dirent.h>

#include <cerrno>
#include <memory>

#include "kernel/procfs_text.h"
#include "sys/system_error.h"

namespace netcheck::probe {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

}  // namespace

protocol::Result<std::vector<std::int64_t>> ListProcesses(const std::string& proc_root) {
  const std::unique_ptr<DIR, CloseDirectory> directory(opendir(proc_root.c_str()));
  if (!directory) {
    return SystemError(proc_root, errno);
  }
  std::vector<std::int64_t> pids;
  while (const dirent* entry = readdir(directory.get())) {
    if (const auto pid = ParseDecimal(entry->d_name)) {
      pids.push_back(*pid);
    }
  }
  return pids;
}

}  // namespace netcheck::probe
