#include "session/file_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace netcheck::probe {

int RaiseFileLimit() {
  // No plan needs more, and "unlimited" must fit an int.
  constexpr rlim_t kEnough = 1U << 20U;
  constexpr int kPosixMinimum = 256;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return kPosixMinimum;
  }
  const rlimit raised{std::min(limit.rlim_max, std::max(limit.rlim_cur, kEnough)), limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
    limit = raised;
  }
  return static_cast<int>(std::min(limit.rlim_cur, kEnough));
}

}  // namespace netcheck::probe
