#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "checks/dial.h"
#include "protocol/facts.h"
#include "protocol/plan.h"

namespace netcheck::probe {

struct HostConnection {
  std::unique_ptr<SocketStream> stream;  ///< nullptr when failed.
  std::string error;                     ///< "dial tcp: lookup web: no such host".
  /// As in protocol::HandshakeColumns; not tried when the name was not resolved.
  int result = protocol::kResultNotTried;
  Endpoint local;  ///< Of the last connect(); AF_UNSPEC for none.
  bool resolved = false;
  bool expired = false;
  bool stopped = false;
};

/// How long connecting may take, within the attempt's patience (see protocol::Check::patience_ms).
std::chrono::milliseconds ConnectLimit(const protocol::Check& check);

/// Resolves and connects as Go's dialer: one address after the other, each with its share of the
/// time, at least 2 s if there are so many (src/net/dial.go, partialDeadline); the first error is
/// the one that is told. Go's race between IPv6 and IPv4 is left out.
HostConnection ConnectToHost(const std::string& host,
                             std::uint16_t port,
                             const Patience& patience,
                             const DialOptions& options);

}  // namespace netcheck::probe
