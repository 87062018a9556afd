#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernel/connected_socket.h"
#include "protocol/facts.h"
#include "protocol/result.h"
#include "sys/unique_fd.h"

namespace netcheck::probe {

/// No list of listeners is longer than this by more than one.
inline constexpr std::size_t kMaxListeners = 2048;

/// Asks sock_diag for TCP sockets of one network namespace, again and again.
class SockDiag {
 public:
  /// `netns_fd` -1: the caller's namespace. ENOENT where asking would make the kernel load a
  /// module.
  static protocol::Result<SockDiag> Open(int netns_fd, const std::string& proc_root);

  /// Those in LISTEN state, IPv4 and IPv6; the first kMaxListeners + 1, so that a longer list
  /// shows.
  protocol::Result<std::vector<protocol::Listener>> Listeners();

  /// The socket of that connection; nullopt: this namespace has none.
  protocol::Result<std::optional<protocol::ServerSocket>> Connected(const ConnectionEnds& ends);

 private:
  explicit SockDiag(UniqueFd socket) : socket_(std::move(socket)) {}

  UniqueFd socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace netcheck::probe
