#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace netcheck::fuzz {

inline std::string_view Text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// What holds for every input; where it does not, the fuzzer has found something.
inline void Require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "REQUIRED: %s\n", what);
    std::abort();
  }
}

/// A length from 1 to 8 that depends on the input, to cut it into pieces by.
inline std::size_t PieceBytes(std::string_view text) {
  return 1 + text.size() % 8;
}

/// The text up to the next newline, which is taken off it.
inline std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace netcheck::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
