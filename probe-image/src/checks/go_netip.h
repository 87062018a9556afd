#pragma once

#include <string>
#include <string_view>

namespace netcheck::probe {

/// What src/net/netip/netip.go's ParseAddr finds wrong with an address, which may have a zone: Go's
/// words, or "" for a good one.
std::string IpAddressFault(std::string_view text);

}  // namespace netcheck::probe
