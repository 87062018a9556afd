#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <vector>

namespace netcheck::probe::test {

/// Runs a classic BPF program as the kernel does (net/core/filter.c): the number of bytes to
/// accept, 0 to drop; a load outside the packet drops. A program that uses an instruction beyond
/// those of BuildTapFilter() is a test failure.
std::uint32_t RunBpf(const std::vector<sock_filter>& program, std::span<const std::uint8_t> packet);

}  // namespace netcheck::probe::test
