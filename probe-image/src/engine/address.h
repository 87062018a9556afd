#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "protocol/result.h"

// Addresses as values: what sockets, packets and texts have in common.
namespace netcheck::probe {

/// An IPv4 or IPv6 address. Scopes (fe80::1%eth0) are not carried: no pod has such an address.
struct IpAddress {
  int family = AF_UNSPEC;                ///< AF_INET, AF_INET6, or AF_UNSPEC for none.
  std::array<std::uint8_t, 16> bytes{};  ///< Network byte order; the rest is 0 for AF_INET.

  bool operator==(const IpAddress&) const = default;
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;  ///< Host byte order.

  bool operator==(const Endpoint&) const = default;
};

/// An endpoint in the form that system calls take.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

/// "10.0.0.5", "fd00::5"; nullopt for anything else, brackets and scopes included.
std::optional<IpAddress> ParseIpAddress(const std::string& text);
/// RFC 5952 form; "" for AF_UNSPEC.
std::string FormatIpAddress(const IpAddress& address);
/// "10.0.0.5:8080", "[fd00::5]:8080" (Go's net.JoinHostPort).
std::string FormatEndpoint(const Endpoint& endpoint);

/// 127.0.0.0/8 or ::1.
bool IsLoopback(const IpAddress& address);

SocketAddress ToSocketAddress(const Endpoint& endpoint);
/// An endpoint of family AF_UNSPEC for anything but AF_INET and AF_INET6.
Endpoint FromSocketAddress(const SocketAddress& address);
/// getsockname(2); AF_UNSPEC when it fails.
Endpoint LocalEndpoint(int fd);

/// The source address that the kernel's routing chooses for a connection to `target` from the
/// calling namespace (a connected UDP socket sends nothing). Fails as connect() would: ENETUNREACH,
/// EHOSTUNREACH (a prohibit route gives EACCES) ...
protocol::Result<IpAddress> SourceAddressFor(const Endpoint& target);
/// The address belongs to an interface of the calling namespace (getifaddrs), or is a loopback one:
/// packets to it never leave by a device other than lo.
bool IsLocalAddress(const IpAddress& address);

}  // namespace netcheck::probe
