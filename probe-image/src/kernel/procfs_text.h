#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

// Words and numbers of the text files under /proc. All functions are pure and take any bytes.
namespace netcheck::probe {

/// The words between blanks (space, tab, newline).
std::vector<std::string_view> SplitWords(std::string_view text);
/// The lines, without their newlines; a last line without one counts.
std::vector<std::string_view> SplitLines(std::string_view text);

/// The whole of `text` as a decimal number, "-1" included; nullopt for anything else and for what
/// does not fit.
std::optional<std::int64_t> ParseDecimal(std::string_view text);
/// The whole of `text` as a hexadecimal number without prefix.
std::optional<std::uint64_t> ParseHex(std::string_view text);
/// A port in hexadecimal, as /proc/net/tcp and /proc/net/ip_vs write it.
std::optional<int> ParseHexPort(std::string_view text);

/// Without blanks and newlines at both ends.
std::string_view Trim(std::string_view text);

}  // namespace netcheck::probe
