#pragma once

#include <optional>
#include <string>

namespace netcheck::kube {

struct Url {
  std::string scheme;  ///< Lower case.
  std::string host;    ///< Without the brackets of an IPv6 address.
  std::string port;    ///< The scheme's own where none is given; "" where it has none.
  std::string path;    ///< "" or "/prefix", without a slash at the end.

  /// "host:port", an IPv6 address in brackets.
  [[nodiscard]] std::string Authority() const;
};

/// An absolute URL; query, fragment and user are dropped. nullopt: it is none.
std::optional<Url> ParseUrl(const std::string& text);

}  // namespace netcheck::kube
