#pragma once

#include <string>
#include <vector>

#include "checks/patience.h"
#include "engine/address.h"

namespace netcheck::probe {

struct ResolveResult {
  std::vector<IpAddress> addresses;  ///< In the order of getaddrinfo(3), at most 16.
  std::string error;                 ///< When there are none: "lookup web: no such host".
  bool expired = false;
  bool stopped = false;
};

/// The addresses of a host name, or the address that it is. getaddrinfo(3) can't be interrupted and
/// waits for servers longer than a check may: it runs in a child process, which is killed when
/// patience runs out.
ResolveResult Resolve(const std::string& host, const Patience& patience);

}  // namespace netcheck::probe
