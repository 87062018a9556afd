#pragma once

#include <string>
#include <string_view>

namespace netcheck::probe {

/// The text in double quotes with Go's escapes (fmt's %q, src/strconv/quote.go), as error messages
/// of Go's net/http show what a server sent. Every code point from U+00A1 on counts as printable;
/// Go escapes the few of those that have no glyph.
std::string GoQuote(std::string_view text);

}  // namespace netcheck::probe
