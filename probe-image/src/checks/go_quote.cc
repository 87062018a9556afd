#include "checks/go_quote.h"

#include <cstdint>

#include "checks/utf8.h"

namespace netcheck::probe {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

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
