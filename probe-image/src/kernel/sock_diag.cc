#include "kernel/sock_diag.h"

#include <linux/netlink.h>
#include <netinet/in.h>

#include <cerrno>

#include "kernel/kernel_modules.h"
#include "kernel/listening_sockets.h"
#include "kernel/netlink_socket.h"

namespace netcheck::probe {

using protocol::Error;
using protocol::Listener;
using protocol::Result;
using protocol::ServerSocket;

Result<SockDiag> SockDiag::Open(int netns_fd, const std::string& proc_root) {
  // Asking needs three things of the kernel, each of which it would load when missing: the netlink
  // protocol (part of the core since 3.3), the handler of AF_INET and AF_INET6 (inet_diag), and the
  // one of TCP (tcp_diag).
  if (!ModuleIsPresent("inet_diag", proc_root) || !ModuleIsPresent("tcp_diag", proc_root)) {
    return Error{"module inet_diag or tcp_diag is not loaded", ENOENT};
  }
  auto socket = OpenNetlink(NETLINK_SOCK_DIAG, netns_fd);
  if (!socket) {
    return socket.error();
  }
  return SockDiag(std::move(*socket));
}

Result<std::vector<Listener>> SockDiag::Listeners() {
  std::vector<Listener> listeners;
  for (const int family : {AF_INET, AF_INET6}) {
    ++sequence_;
    bool malformed = false;
    const auto asked = QueryNetlink(socket_,
                                    EncodeListenerDump(family, sequence_),
                                    sequence_,
                                    /*dump=*/true,
                                    [&](const NetlinkMessage& message) {
                                      auto listener = DecodeListener(message.payload);
                                      malformed = malformed || !listener;
                                      if (listener && listeners.size() <= kMaxListeners) {
                                        listeners.push_back(std::move(*listener));
                                      }
                                    });
    if (!asked.ok()) {
      return asked.error();
    }
    if (malformed) {
      return Error{"malformed answer of sock_diag", 0};
    }
  }
  return listeners;
}

Result<std::optional<ServerSocket>> SockDiag::Connected(const ConnectionEnds& ends) {
  const auto request = EncodeConnectedQuery(ends, ++sequence_);
  if (!request) {
    return Error{"not an address", EINVAL};
  }
  std::optional<ServerSocket> found;
  const auto asked = QueryNetlink(
      socket_, *request, sequence_, /*dump=*/false, [&](const NetlinkMessage& message) {
        found = DecodeConnected(message.payload, ends);
      });
  if (!asked.ok() && asked.error().error_number != ENOENT) {
    return asked.error();
  }
  return found;
}

}  // namespace netcheck::probe
