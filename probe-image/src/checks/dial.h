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

/// A connection on which waiting for the other side ended in vain.
struct SilentConnection {
  Endpoint local;
  Endpoint remote;
  std::int64_t sent = 0;             ///< Bytes that the kernel took.
  std::int64_t received = 0;         ///< Bytes that were read.
  std::uint32_t unacknowledged = 0;  ///< Of those sent (SIOCOUTQ).
};
/// Told of it at once, each time.
using SilenceObserver = std::function<void(const SilentConnection&)>;

/// A connected TCP socket, closed by its destructor.
class SocketStream : public ByteStream {
 public:
  /// `choice`: who chose the source port, which decides how the connection is closed.
  SocketStream(UniqueFd fd,
               PortChoice choice,
               const Endpoint& local,
               const Endpoint& remote,
               SilenceObserver on_silence)
      : fd_(std::move(fd)),
        choice_(choice),
        local_(local),
        remote_(remote),
        on_silence_(std::move(on_silence)) {}
  ~SocketStream() override;

  IoResult Read(std::span<char> buffer, const Patience& patience) override;
  IoResult Write(std::string_view bytes, const Patience& patience) override;
  [[nodiscard]] const Endpoint& local() const { return local_; }

 private:
  [[nodiscard]] IoResult Failed(const char* call, int error_number) const;
  /// Of a wait that did not end with WaitResult::kReady.
  [[nodiscard]] IoResult Waited(WaitResult result) const;

  UniqueFd fd_;
  PortChoice choice_;
  Endpoint local_;
  Endpoint remote_;
  SilenceObserver on_silence_;
  std::int64_t sent_ = 0;
  std::int64_t received_ = 0;
};

/// Told of each connect() as soon as its source port is known; times in microseconds of
/// CLOCK_MONOTONIC before and after the call.
using DialObserver =
    std::function<void(const Endpoint& local, std::int64_t before_us, std::int64_t after_us)>;

struct DialOptions {
  DialObserver observer;          ///< May be empty.
  std::uint16_t source_port = 0;  ///< 0: the kernel chooses.
  SilenceObserver on_silence;     ///< May be empty.
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
