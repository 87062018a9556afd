#include "checks/utf8.h"

namespace netcheck::probe {

std::size_t DecodeRune(std::string_view text, std::uint32_t& rune) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || text.size() < length) {
    return 0;
  }
  rune = length == 1 ? first : first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) {
      return 0;
    }
    rune = (rune << 6U) | (byte(i) & 0x3fU);
  }
  constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = rune >= 0xd800 && rune <= 0xdfff;
  return rune < kSmallest[length] || rune > 0x10ffff || surrogate ? 0 : length;
}

bool IsUtf8(std::string_view text) {
  std::uint32_t rune = 0;
  while (!text.empty()) {
    const std::size_t length = DecodeRune(text, rune);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace netcheck::probe
