#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "protocol/facts.h"
#include "protocol/result.h"
#include "sys/unique_fd.h"

namespace netcheck::probe {

/// No list of listeners is longer than this by more than one.
inline constexpr std::size_t kMaxListeners = 2048;

/// Asks sock_diag for the TCP sockets in LISTEN state of one network namespace, again and again.
class ListenerQuery {
 public:
  /// `netns_fd` -1: the caller's namespace. ENOENT where asking would make the kernel load a
  /// module.
  static protocol::Result<ListenerQuery> Open(int netns_fd, const std::string& proc_root);

  /// IPv4 and IPv6; the first kMaxListeners + 1, so that a longer list shows.
  protocol::Result<std::vector<protocol::Listener>> Ask();

 private:
  explicit ListenerQuery(UniqueFd socket) : socket_(std::move(socket)) {}

  UniqueFd socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace netcheck::probe
