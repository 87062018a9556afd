#include "protocol/base64.h"

#include <cstdint>

namespace netcheck::protocol {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool IsSpace(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

}  // namespace

std::string Base64Encode(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group <<= 8U;
      if (i + k < bytes.size()) {
        group |= static_cast<unsigned char>(bytes[i + k]);
      }
    }
    for (std::size_t k = 0; k < 4; ++k) {
      const bool padding = i + k > bytes.size();
      text += padding ? '=' : kAlphabet[(group >> (18U - 6U * k)) & 63U];
    }
  }
  return text;
}

std::optional<std::string> Base64Decode(std::string_view text) {
  std::string bytes;
  std::uint32_t group = 0;
  unsigned digits = 0;
  bool padding = false;
  for (const char c : text) {
    if (IsSpace(c)) {
      continue;
    }
    if (c == '=') {
      padding = true;
      continue;
    }
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos || padding) {
      return std::nullopt;
    }
    group = (group << 6U) | static_cast<std::uint32_t>(value);
    if (++digits == 4) {
      bytes += static_cast<char>(group >> 16U);
      bytes += static_cast<char>(group >> 8U);
      bytes += static_cast<char>(group);
      digits = 0;
      group = 0;
    }
  }
  if (digits == 1) {
    return std::nullopt;
  }
  if (digits >= 2) {
    group <<= 6U * (4 - digits);
    bytes += static_cast<char>(group >> 16U);
    if (digits == 3) {
      bytes += static_cast<char>(group >> 8U);
    }
  }
  return bytes;
}

}  // namespace netcheck::protocol
