#pragma once

#include <string_view>
#include <vector>

#include "kernel/address_text.h"

// Addresses of a network namespace without entering it. Pure.
namespace netcheck::probe {

/// The local IPv4 addresses of /proc/PID/net/fib_trie (net/ipv4/fib_trie.c): leaves with an entry
/// "/32 host LOCAL".
std::vector<IpAddress> ParseFibTrieLocals(std::string_view text);

/// The addresses of /proc/PID/net/if_inet6 (net/ipv6/addrconf.c).
std::vector<IpAddress> ParseIfInet6(std::string_view text);

}  // namespace netcheck::probe
