// Records of the kernel's ring buffer. Processes may write there, too.
#include "kernel/kernel_log.h"

#include "fuzz/fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(netcheck::probe::ParseConntrackFullLine(netcheck::fuzz::Text(data, size)));
  return 0;
}
