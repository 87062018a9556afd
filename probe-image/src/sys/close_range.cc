#include "sys/close_range.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace netcheck::probe {

void CloseRange(unsigned first, unsigned last) {
  if (syscall(SYS_close_range, first, last, 0U) == 0) {
    return;
  }
  constexpr unsigned kMost = 65536;
  for (unsigned fd = first; fd <= std::min(last, kMost); ++fd) {  // Before Linux 5.9.
    close(static_cast<int>(fd));
  }
}

}  // namespace netcheck::probe
