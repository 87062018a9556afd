#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

// Header fields as Go's net/http and net/textproto treat them.
namespace netcheck::probe {

/// Canonical name → values in their order.
using HttpHeaders = std::map<std::string, std::vector<std::string>>;

/// A byte of an RFC 9110 token.
bool IsTokenByte(char c);
/// "x-foo" → "X-Foo"; a name with a byte that no token has stays as it is
/// (src/net/textproto/reader.go, CanonicalMIMEHeaderKey).
std::string CanonicalHeaderName(std::string_view name);
/// First value, or "".
std::string FirstValue(const HttpHeaders& headers, const std::string& name);
/// Whether one of the comma-separated values is `token`, in any case.
bool HasToken(const HttpHeaders& headers, const std::string& name, std::string_view token);
/// Equal but for the case of ASCII letters.
bool EqualFold(std::string_view a, std::string_view b);
/// Without spaces and tabs at both ends.
std::string_view TrimBlanks(std::string_view text);

}  // namespace netcheck::probe
