#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace netcheck::probe {

/// An IP address in network byte order.
struct IpAddress {
  int family = 0;  ///< AF_INET (the first 4 bytes count) or AF_INET6.
  std::array<std::uint8_t, 16> bytes{};

  bool operator==(const IpAddress&) const = default;
};

/// Textual IPv4 or IPv6, no brackets and no zone; nullopt for anything else.
std::optional<IpAddress> ParseIpAddress(std::string_view text);
/// The canonical text (RFC 5952 for IPv6).
std::string ToText(const IpAddress& address);

/// Addresses of /proc/net/tcp{,6}: 8 or 32 hexadecimal digits, each group of 8 one 32-bit word in
/// the byte order of this machine.
std::optional<IpAddress> ParseHostOrderHex(std::string_view text);
/// Addresses of /proc/net/ip_vs and if_inet6: 8 or 32 hexadecimal digits in network byte order.
std::optional<IpAddress> ParseNetworkOrderHex(std::string_view text);

}  // namespace netcheck::probe
