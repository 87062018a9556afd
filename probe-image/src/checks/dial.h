#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "checks/byte_stream.h"
#include "checks/patience.h"
#include "engine/address.h"
#include "engine/connect_socket.h"
#include "sys/unique_fd.h"

namespace netcheck::probe {

/// A connected TCP socket, closed by its destructor.
class SocketStream : public ByteStream {
 public:
  /// `choice`: who chose the source port, which decides how the connection is closed.
  SocketStream(UniqueFd fd, PortChoice choice, const Endpoint& local, const Endpoint& remote)
      : fd_(std::move(fd)), choice_(choice), local_(local), remote_(remote) {}
  ~SocketStream() override;

  IoResult Read(std::span<char> buffer, const Patience& patience) override;
  IoResult Write(std::string_view bytes, const Patience& patience) override;
  [[nodiscard]] const Endpoint& local() const { return local_; }

 private:
  [[nodiscard]] IoResult Failed(const char* call, int error_number) const;

  UniqueFd fd_;
  PortChoice choice_;
  Endpoint local_;
  Endpoint remote_;
};

/// Told of each connect() as soon as its source port is known; times in microseconds of
/// CLOCK_MONOTONIC before and after the call.
using DialObserver =
    std::function<void(const Endpoint& local, std::int64_t before_us, std::int64_t after_us)>;

struct DialOptions {
  DialObserver observer;          ///< May be empty.
  std::uint16_t source_port = 0;  ///< 0: the kernel chooses.
};

struct DialResult {
  std::unique_ptr<SocketStream> stream;  ///< nullptr when failed.
  int result = 0;                        ///< As in protocol::HandshakeColumns.
  std::string error;                     ///< "dial tcp 10.0.0.5:8080: connect: connection refused".
  Endpoint local;                        ///< Family AF_UNSPEC when connect() was not reached.
  bool stopped = false;
};

/// Connects as kubelet's dialer does (pkg/probe/dialer_others.go, src/net/tcpsock_posix.go):
/// SO_LINGER {1,1}, TCP_NODELAY, keep-alive after 15 s; twice again after EADDRNOTAVAIL or a
/// connection to itself. With a source port as OpenConnectSocket() has it, and once.
DialResult Dial(const Endpoint& target, const Patience& patience, const DialOptions& options);

}  // namespace netcheck::probe
