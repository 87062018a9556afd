#pragma once

#include <string>
#include <string_view>

// "host:port" as Go writes and reads it (src/net/ipsock.go).
namespace netcheck::probe {

/// Brackets around what has a colon: "[fd00::5]:8080".
std::string JoinHostPort(std::string_view host, std::string_view port);

struct HostPort {
  std::string host;  ///< Without brackets.
  std::string port;
  /// What is wrong: "address 10.0.0.5: missing port in address".
  std::string fault;
};

HostPort SplitHostPort(const std::string& text);

}  // namespace netcheck::probe
