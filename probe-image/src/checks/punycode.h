#pragma once

#include <string>

namespace netcheck::probe {

/// A host name in ASCII: labels with other characters become "xn--..." (RFC 3492), as they are:
/// nothing is mapped or refused (src/vendor/golang.org/x/net/idna, Punycode.ToASCII).
std::string AsciiHost(const std::string& host);
/// The same for what a Host header holds, "host" or "host:port" (x/net/http/httpguts,
/// PunycodeHostPort).
std::string AsciiHostPort(const std::string& host_port);

}  // namespace netcheck::probe
