#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/address_text.h"

// How numbers and things are worded, the same everywhere.
namespace netcheck::diagnosis {

/// "1 connection", "3 connections"
std::string Count(std::int64_t n, std::string_view noun);
/// "0.12 ms", "3.1 s"
std::string Duration(std::int64_t microseconds);
/// A time of which only the order matters: "40 s", "12 min", "5 h", "3 days"
std::string Span(double seconds);

using model::HostPort;
using model::IsIpv6;

/// Why an answer may be another one than kubelet gets: these headers of the probe carry
/// credentials.
std::string NotSent(const std::vector<std::string>& headers);

/// Control characters as escapes: a terminal would obey what a peer put into its answer.
std::string Printable(std::string_view text);

/// The words of a command with blanks between them, as kubelet's messages have them; a line break
/// or another control character as an escape.
std::string CommandLine(const std::vector<std::string>& command);

}  // namespace netcheck::diagnosis
