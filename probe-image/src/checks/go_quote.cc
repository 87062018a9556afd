#include "checks/go_quote.h"

#include <cstdint>

namespace netcheck::probe {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

/// Number of bytes of the well-formed UTF-8 sequence that `text` starts with, 0 if there is none
/// (RFC 3629); its code point in `rune`.
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

void AppendHex(std::string& out, char prefix, std::uint32_t value, unsigned digits) {
  out += '\\';
  out += prefix;
  for (unsigned i = digits; i-- > 0;) {
    out += kHexDigits[(value >> (4 * i)) & 0xfU];
  }
}

/// The letter of \a, \b ...; 0 if the character has no such escape.
char ShortEscape(std::uint32_t rune) {
  switch (rune) {
    case '\a':
      return 'a';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\v':
      return 'v';
    case '"':
      return '"';
    case '\\':
      return '\\';
    default:
      return 0;
  }
}

}  // namespace

std::string GoQuote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    std::uint32_t rune = 0;
    const std::size_t length = DecodeRune(text, rune);
    if (length == 0) {
      AppendHex(out, 'x', static_cast<unsigned char>(text[0]), 2);
      text.remove_prefix(1);
      continue;
    }
    if (const char letter = ShortEscape(rune); letter != 0) {
      out += '\\';
      out += letter;
    } else if (rune < ' ' || rune == 0x7f) {
      AppendHex(out, 'x', rune, 2);
    } else if ((rune >= 0x80 && rune <= 0xa0) || rune == 0xad) {
      AppendHex(out, 'u', rune, 4);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out + '"';
}

}  // namespace netcheck::probe
