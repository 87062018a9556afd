#pragma once

#include <cstdint>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

// Captured bytes below tests/data.
namespace netcheck::test {

inline std::string ReadCapture(const std::string& path) {
  std::ifstream file(std::string(NETCHECK_TEST_DATA) + "/" + path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) {
    throw std::runtime_error("no capture " + path);
  }
  return text.str();
}

/// The bytes of a file of hexadecimal digits in lines.
inline std::vector<std::uint8_t> ReadHexCapture(const std::string& path) {
  std::string digits;
  for (const char c : ReadCapture(path)) {
    if (c != '\n') {
      digits += c;
    }
  }
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

}  // namespace netcheck::test
