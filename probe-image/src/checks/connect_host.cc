#include "checks/connect_host.h"

#include <algorithm>

#include "checks/host_port.h"
#include "checks/resolve.h"

namespace netcheck::probe {
namespace {

Patience ShareOf(const Patience& whole, std::size_t addresses_left) {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  constexpr milliseconds kLeast{2000};
  const auto left = duration_cast<milliseconds>(whole.until - std::chrono::steady_clock::now());
  if (addresses_left == 1) {
    return whole;
  }
  return whole.AtMost(std::max(left / static_cast<int>(addresses_left), kLeast));
}

}  // namespace

std::chrono::milliseconds ConnectLimit(const protocol::Check& check) {
  constexpr int kThreeSynsMs = 3000;
  return std::chrono::milliseconds(std::max(check.timeout_ms, kThreeSynsMs));
}

HostConnection ConnectToHost(const std::string& host,
                             std::uint16_t port,
                             const Patience& patience,
                             const DialOptions& options) {
  HostConnection connection;
  // Go joins host and port and splits them again, which not every host survives.
  const HostPort split = SplitHostPort(JoinHostPort(host, std::to_string(port)));
  if (!split.fault.empty()) {
    connection.error = "dial tcp: " + split.fault;
    return connection;
  }
  const ResolveResult resolved = Resolve(split.host, patience);
  connection.expired = resolved.expired;
  connection.stopped = resolved.stopped;
  connection.resolved = !resolved.addresses.empty();
  if (!connection.resolved) {
    connection.error = "dial tcp: " + resolved.error;
    return connection;
  }
  std::size_t left = resolved.addresses.size();
  for (const IpAddress& address : resolved.addresses) {
    DialResult dial = Dial({address, port}, ShareOf(patience, left--), options);
    connection.local = dial.local;
    connection.stopped = dial.stopped;
    if (dial.stream != nullptr) {
      connection.stream = std::move(dial.stream);
      connection.result = 0;
      connection.error.clear();
      return connection;
    }
    if (connection.error.empty()) {
      connection.error = dial.error;
      connection.result = dial.result;
    }
    if (dial.stopped || patience.Expired()) {
      break;
    }
  }
  connection.expired = patience.Expired();
  return connection;
}

}  // namespace netcheck::probe
