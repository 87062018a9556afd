#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace netcheck::protocol {

/// RFC 4648 §4, with padding.
std::string Base64Encode(std::string_view bytes);

/// Accepts padding or its absence and ignores white space (PEM and YAML fold long values);
/// nullopt for any other character outside the alphabet or a truncated group.
std::optional<std::string> Base64Decode(std::string_view text);

}  // namespace netcheck::protocol
