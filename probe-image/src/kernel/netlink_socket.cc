#include "kernel/netlink_socket.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>

#include "sys/netns.h"
#include "sys/system_error.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Result;

constexpr std::size_t kBufferSize = 64U << 10U;  // The kernel fills dump buffers up to 32 KiB.

Result<UniqueFd> SocketHere(int netlink_protocol) {
  UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, netlink_protocol));
  if (!fd.valid()) {
    return SystemError("netlink socket", errno);
  }
  return fd;
}

Result<void> Send(const UniqueFd& fd, const std::vector<std::uint8_t>& request) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const ssize_t sent = sendto(fd.get(),
                              request.data(),
                              request.size(),
                              0,
                              reinterpret_cast<const sockaddr*>(&kernel),
                              sizeof kernel);
  if (sent != static_cast<ssize_t>(request.size())) {
    return SystemError("netlink request", errno);
  }
  return {};
}

/// The next datagram from the kernel; nothing else may answer.
Result<Bytes> Receive(const UniqueFd& fd, std::vector<std::uint8_t>& buffer) {
  for (;;) {
    sockaddr_nl sender{};
    socklen_t sender_size = sizeof sender;
    const ssize_t count = recvfrom(fd.get(),
                                   buffer.data(),
                                   buffer.size(),
                                   MSG_TRUNC,
                                   reinterpret_cast<sockaddr*>(&sender),
                                   &sender_size);
    if (count < 0 && errno != EINTR) {
      return SystemError("netlink answer", errno);
    }
    if (count > static_cast<ssize_t>(buffer.size())) {
      return SystemError("netlink answer", EMSGSIZE);
    }
    if (count >= 0 && sender.nl_pid == 0) {
      return Bytes(buffer.data(), static_cast<std::size_t>(count));
    }
  }
}

enum class Progress { kMore, kEnd };

Result<Progress> Consume(const NetlinkMessage& message,
                         bool dump,
                         const std::function<void(const NetlinkMessage&)>& consume) {
  if (message.type == NLMSG_ERROR || message.type == NLMSG_DONE) {
    const auto error = ParseNetlinkError(message.payload);
    // NLMSG_DONE of some kernels has no errno behind it.
    if (message.type == NLMSG_ERROR && !error) {
      return Error{"malformed netlink error", 0};
    }
    if (error.value_or(0) != 0) {
      return SystemError("netlink query", *error);
    }
    return Progress::kEnd;
  }
  consume(message);
  return dump ? Progress::kMore : Progress::kEnd;
}

}  // namespace

Result<UniqueFd> OpenNetlink(int netlink_protocol, int netns_fd) {
  auto fd = netns_fd < 0 ? SocketHere(netlink_protocol)
                         : SocketInNetns(netns_fd, AF_NETLINK, SOCK_RAW, netlink_protocol);
  const timeval timeout{1, 0};
  if (fd && setsockopt(fd->get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0) {
    return SystemError("netlink timeout", errno);
  }
  return fd;
}

Result<void> QueryNetlink(const UniqueFd& socket,
                          const std::vector<std::uint8_t>& request,
                          std::uint32_t sequence,
                          bool dump,
                          const std::function<void(const NetlinkMessage&)>& consume,
                          const QueryLimits& limits) {
  if (auto sent = Send(socket, request); !sent.ok()) {
    return sent;
  }
  std::vector<std::uint8_t> buffer(kBufferSize);
  for (std::size_t total = 0; total <= limits.max_bytes;) {
    if (std::chrono::steady_clock::now() >= limits.until) {
      return SystemError("netlink answers", ETIMEDOUT);
    }
    const auto datagram = Receive(socket, buffer);
    if (!datagram) {
      return datagram.error();
    }
    total += datagram->size();
    const auto messages = ParseNetlinkMessages(*datagram);
    if (!messages) {
      return Error{"malformed netlink answer", 0};
    }
    for (const auto& message : *messages) {
      if (message.sequence != sequence) {
        continue;
      }
      const auto progress = Consume(message, dump, consume);
      if (!progress) {
        return progress.error();
      }
      if (*progress == Progress::kEnd) {
        return {};
      }
    }
  }
  return SystemError("netlink answers", EFBIG);
}

}  // namespace netcheck::probe
