#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/result.h"

// URLs as Go's net/url reads and writes them (src/net/url/url.go), because kubelet runs a probe's
// path and every redirect through it.
namespace netcheck::probe {

struct UserInfo {
  std::string name;
  std::optional<std::string> password;
};

/// The parts of a URL, percent-escapes decoded unless the name says `raw`.
struct Url {
  std::string scheme;  ///< Lower case; "" in a relative reference.
  std::string opaque;  ///< What follows "mailto:" and the like.
  std::optional<UserInfo> user;
  std::string host;  ///< "host", "host:port", "[fd00::5]:8080".
  std::string path;
  std::string raw_path;      ///< The path as written, if that differs from the default encoding.
  bool force_query = false;  ///< A "?" without anything behind it.
  std::string raw_query;     ///< Without "?".
  std::string fragment;
  std::string raw_fragment;  ///< The fragment as written.
};

/// Fails in Go's words: `parse "%zz": invalid URL escape "%zz"`.
protocol::Result<Url> ParseUrl(std::string_view text);

/// The path with percent-escapes, as it goes over the wire.
std::string EscapedPath(const Url& url);
/// Path and query of a request line: "/healthz?full=1", "/" for an empty path.
std::string RequestUri(const Url& url);
/// Host without port and brackets.
std::string Hostname(const Url& url);
/// Port as written; "" if there is none.
std::string PortText(const Url& url);
std::string FormatUrl(const Url& url);
/// As FormatUrl, with "***" for a password, for messages.
std::string FormatUrlForMessage(const Url& url);
/// As FormatUrl, without user and password.
std::string FormatUrlWithoutUser(const Url& url);

/// The absolute URL of `reference` seen from `base` (RFC 3986 §5.2).
Url ResolveReference(const Url& base, const Url& reference);

}  // namespace netcheck::probe
