#pragma once

#include <cstdint>

#include "engine/address.h"

// The sockets that handshakes are made with. Plain errno values instead of Result: these run for
// every connection and must not allocate.
namespace netcheck::probe {

/// Who chooses the source port.
enum class PortChoice { kExplicit, kKernel };

/// A non-blocking TCP socket, not bound yet; -1 with errno.
///
/// Explicit ports: SO_LINGER {1,0}, so that close() resets the connection and leaves nothing
/// behind. Kernel-chosen: kubelet's SO_LINGER {1,1} (pkg/probe/dialer_others.go). Both have
/// SO_REUSEADDR. It changes nothing of what is sent and which ports the kernel chooses, but a
/// server that starts on the port meanwhile can, and an explicit port that one of the probe's
/// earlier connections holds in TIME_WAIT is free (inet_bind_conflict asks both sockets for it).
int OpenConnectSocket(int family, PortChoice choice);

/// Makes the connection use this source port: 0 or errno. bind(2); where that fails because another
/// socket has the port (kubelet's connections stay in TIME_WAIT for 60 s, without SO_REUSEADDR),
/// connect() is restricted to it (IP_LOCAL_PORT_RANGE, Linux 6.3), which shares it as the kernel
/// shares ports among connections to different destinations. The kernel ignores that restriction
/// outside ip_local_port_range, so the port has to be looked at after connect().
int TakeSourcePort(int fd, const Endpoint& source);
/// The port cannot be had: says nothing about the target.
bool IsPortTaken(int error_number);

/// The errno that the connection failed with, 0 for none; it is taken from the socket (SO_ERROR).
int TakeSocketError(int fd);

/// TCP_INFO.
struct TcpState {
  std::uint8_t state = 0;         ///< include/net/tcp_states.h; 0: not to be had.
  std::uint32_t retransmits = 0;  ///< tcpi_total_retrans: of a SYN_SENT socket, SYNs sent again.
};
TcpState ReadTcpState(int fd);
bool IsEstablished(const TcpState& state);

/// Closes without ever waiting. Linger {1,1} makes close(2) wait up to 1 s for the FIN's
/// acknowledgement even if the socket is non-blocking (sk_stream_wait_close in net/ipv4/tcp.c) and
/// has no other effect on Linux, so it is cleared before: the same packets leave.
void CloseConnectSocket(int fd, PortChoice choice);

}  // namespace netcheck::probe
