#pragma once

#include <string>
#include <string_view>

namespace netcheck::kube {

/// Whether `text` can be an HTTP header's value: no control characters (RFC 9110 §5.5).
bool FitsHeader(std::string_view text);

/// A key of --as-user-extra as a part of a header's name: what is no token character (RFC 9110
/// §5.6.2), and "%", becomes %XX.
std::string EscapeHeaderName(std::string_view key);

}  // namespace netcheck::kube
