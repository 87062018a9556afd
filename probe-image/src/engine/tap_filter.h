#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

#include "engine/address.h"

// The classic BPF program that a tap runs in the kernel (Documentation/networking/filter.rst).
namespace netcheck::probe {

/// Bytes of a packet, from its IP header on, that the filter lets through: an ICMPv6 error with the
/// quoted IPv6 and TCP headers and one extension header fits.
inline constexpr std::uint32_t kSnapBytes = 160;

struct TapFilter {
  Endpoint target;
  /// Address of the node that connections come from; AF_UNSPEC when no route gives one.
  IpAddress node_address;
  /// Node port of the control connection; 0: none.
  std::uint16_t control_port = 0;
};

/// For a packet socket of type SOCK_DGRAM, where offsets count from the IP header. It looks at the
/// version field instead of the protocol of the frame, so VLAN tags do not matter. Accepted are
///  - TCP between the target's port and the node's address,
///  - TCP between the target's port and anyone else, if SYN or RST is set: the node's address may
///    have been translated, and a busy pod's data shall not fill the ring,
///  - TCP of the control connection,
///  - ICMP errors that quote a packet from or to the target,
///  - IPv6 packets of the target with extension headers, which are left to the parser.
std::vector<sock_filter> BuildTapFilter(const TapFilter& filter);

}  // namespace netcheck::probe
