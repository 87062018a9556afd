#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// How numbers and things are worded, the same everywhere.
namespace netcheck::diagnosis {

/// "1 connection", "3 connections"
std::string Count(std::int64_t n, std::string_view noun);
/// "0.12 ms", "3.1 s"
std::string Duration(std::int64_t microseconds);
/// A time of which only the order matters: "40 s", "12 min", "5 h", "3 days"
std::string Span(double seconds);
/// Whether a textual IP address is one of IPv6.
bool IsIpv6(std::string_view address);
/// "10.0.0.5:8080", "[fd00::5]:8080"
std::string HostPort(std::string_view address, int port);

/// The words of a command with blanks between them, as kubelet's messages have them; a line break
/// or another control character as an escape.
std::string CommandLine(const std::vector<std::string>& command);

}  // namespace netcheck::diagnosis
