#pragma once

#include <bitset>
#include <string_view>

#include "protocol/result.h"

// Which source ports the kernel may choose for a connection. Both sides need it: the probe plans
// with it, the diagnosis predicts with it.
namespace netcheck::protocol {

/// net.ipv4.ip_local_port_range less net.ipv4.ip_local_reserved_ports, which also hold for IPv6
/// (Documentation/networking/ip-sysctl.rst).
class LocalPorts {
 public:
  static constexpr int kMaxPort = 65535;

  /// `range` as in /proc ("32768\t60999"), `reserved` likewise ("30000-32767,40000" or empty).
  static Result<LocalPorts> Parse(std::string_view range, std::string_view reserved);

  [[nodiscard]] int low() const { return low_; }
  [[nodiscard]] int high() const { return high_; }
  [[nodiscard]] bool InRange(int port) const { return port >= low_ && port <= high_; }
  [[nodiscard]] bool Reserved(int port) const {
    return reserved_.test(static_cast<std::size_t>(port));
  }
  /// The kernel may choose this port by itself.
  [[nodiscard]] bool Eligible(int port) const { return InRange(port) && !Reserved(port); }
  /// connect() without bind() takes ports of this parity first, the low bound's, and others only
  /// when they are used up (__inet_hash_connect, net/ipv4/inet_hashtables.c; since Linux 4.2).
  [[nodiscard]] bool PreferredByConnect(int port) const { return (port - low_) % 2 == 0; }

 private:
  int low_ = 0;
  int high_ = 0;
  std::bitset<kMaxPort + 1> reserved_;
};

}  // namespace netcheck::protocol
