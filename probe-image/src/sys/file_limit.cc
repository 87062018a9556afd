#include "sys/file_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace netcheck::probe {

int SocketsWithinFileLimit(int wanted) {
  constexpr rlim_t kOtherFiles = 64;
  const auto files = static_cast<rlim_t>(std::max(wanted, 1)) + kOtherFiles;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < files) {
    limit.rlim_cur = std::min(files, limit.rlim_max);
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  const rlim_t usable = limit.rlim_cur > kOtherFiles ? limit.rlim_cur - kOtherFiles : 1;
  return static_cast<int>(std::min(usable, files - kOtherFiles));
}

}  // namespace netcheck::probe
