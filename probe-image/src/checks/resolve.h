#pragma once

#include <string>
#include <vector>

#include "checks/patience.h"
#include "engine/address.h"

namespace netcheck::probe {

struct ResolveResult {
  std::vector<IpAddress> addresses;  ///< In the order of getaddrinfo(3), at most 16.
  /// When there are none: "lookup web on 10.0.0.10:53: no such host".
  std::string error;
  bool expired = false;
  bool stopped = false;
};

/// The addresses of a host name, or the address that it is. getaddrinfo(3) can't be interrupted and
/// waits for servers longer than a check may: it runs in a child process, which is killed when
/// patience runs out.
ResolveResult Resolve(const std::string& host, const Patience& patience);

/// The servers that Go asks by a resolv.conf(5): "10.0.0.10:53" (src/net/dnsconfig_unix.go).
std::vector<std::string> NameServers(const std::string& resolv_conf);

}  // namespace netcheck::probe
