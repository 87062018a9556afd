#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace netcheck::probe {

/// Number of bytes of the well-formed UTF-8 sequence that `text`, which is not empty, starts with,
/// 0 if there is none (RFC 3629); its code point in `rune`.
std::size_t DecodeRune(std::string_view text, std::uint32_t& rune);
/// Whether all of `text` is well-formed.
bool IsUtf8(std::string_view text);

}  // namespace netcheck::probe
