#pragma once

#include <string_view>
#include <vector>

#include "protocol/result.h"

// Which source ports the kernel may choose for a connection. Both sides need it: the probe plans
// with it, the diagnosis predicts with it.
namespace netcheck::protocol {

/// Ports from `first` to `last`, both included.
struct PortInterval {
  int first = 0;
  int last = 0;

  [[nodiscard]] bool Contains(int port) const { return first <= port && port <= last; }
  bool operator==(const PortInterval&) const = default;
};

/// Where the kernel takes source ports from (inet_get_local_port_range and
/// inet_is_local_reserved_port, net/ipv4/inet_connection_sock.c), for IPv6 as for IPv4.
struct PortRange {
  PortInterval local;
  std::vector<PortInterval> reserved;  ///< Never chosen by the kernel; an explicit bind() may.

  /// Inside ip_local_port_range, reserved or not.
  [[nodiscard]] bool Contains(int port) const { return local.Contains(port); }
  [[nodiscard]] bool Reserved(int port) const;
  /// The kernel may choose this port by itself.
  [[nodiscard]] bool Eligible(int port) const { return Contains(port) && !Reserved(port); }
  /// connect() without bind() takes ports of the low bound's parity first, and others only when
  /// they are used up (__inet_hash_connect, net/ipv4/inet_hashtables.c; since Linux 4.2).
  [[nodiscard]] bool PreferredByConnect(int port) const { return (port - local.first) % 2 == 0; }
};

/// `local` is net.ipv4.ip_local_port_range ("32768\t60999"), `reserved` is
/// net.ipv4.ip_local_reserved_ports ("30000-32767,40000", or empty); newlines at the end are fine.
Result<PortRange> ParsePortRange(std::string_view local, std::string_view reserved);

}  // namespace netcheck::protocol
