#pragma once

#include <optional>
#include <set>
#include <string>

#include "diagnosis/digest.h"
#include "protocol/port_range.h"

// What it means for kubelet's connections that those from certain source ports fail. Pure.
namespace netcheck::diagnosis {

/// The ports that fail among those that the kernel chooses from.
struct PortShare {
  int eligible = 0;
  int preferred = 0;  ///< Of the low bound's parity, which connect() takes first.
  int failing = 0;
  int failing_preferred = 0;
  std::set<int> ports;  ///< The failing ones that are eligible.

  /// Of connections whose port the kernel chooses, while ports of the preferred parity are free.
  [[nodiscard]] double Expected() const;
};

PortShare ShareOf(const protocol::PortRange& range, const std::set<int>& failing);

/// Mean time between two failed probes of the pod, in seconds, over all of its probes that connect
/// to where `probe` does; nullopt: none is to be expected.
///
/// A tcpSocket or grpc probe closes its socket when it times out, so it may meet the same port
/// again. Go's HTTP transport goes on dialling when the request was given up: the socket keeps its
/// port until the SYN retries end (`held_s`), and the pod's other httpGet probes can't meet it.
std::optional<double> SecondsBetweenFailures(const PortShare& share,
                                             const Digest& digest,
                                             const model::Probe& probe,
                                             double held_s);

/// How long connect() waits for an answer in all: net.ipv4.tcp_syn_retries, doubling from 1 s
/// (net/ipv4/tcp_timer.c, tcp_write_timeout), after tcp_syn_linear_timeouts times 1 s.
double ConnectTimeoutSeconds(const Digest& digest);

/// A value for net.ipv4.ip_local_reserved_ports: what is reserved already, and these ports; the
/// whole NodePort range (30000-32767) if that has them all and leaves half of the ports or more.
std::string ReservedPortsWith(const protocol::PortRange& range, const std::set<int>& ports);

}  // namespace netcheck::diagnosis
