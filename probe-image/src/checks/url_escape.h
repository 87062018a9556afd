#pragma once

#include <string>
#include <string_view>

#include "protocol/result.h"

// Percent-encoding by part of a URL (src/net/url/url.go: escape, unescape).
namespace netcheck::probe {

enum class UrlPart { kPath, kHost, kZone, kUserPassword, kFragment };

/// Whether a byte of that part is written as it is.
bool IsPlain(char c, UrlPart part);
std::string EscapeUrlPart(std::string_view text, UrlPart part);
/// Fails on a broken escape and, in hosts, on bytes that no host may have; the words are Go's.
protocol::Result<std::string> UnescapeUrlPart(std::string_view text, UrlPart part);

}  // namespace netcheck::probe
