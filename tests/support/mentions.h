#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace netcheck::test {

/// Whether one of the lines, of evidence or advice, contains the text.
inline bool Mentions(const std::vector<std::string>& lines, const std::string& text) {
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
    return line.find(text) != std::string::npos;
  });
}

}  // namespace netcheck::test
