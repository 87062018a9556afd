#pragma once

#include <string>
#include <string_view>

namespace netcheck::model {

/// Whether a textual IP address is one of IPv6.
bool IsIpv6(std::string_view address);

/// "10.0.0.5:8080", "[fd00::5]:8080"
std::string HostPort(std::string_view address, int port);

}  // namespace netcheck::model
