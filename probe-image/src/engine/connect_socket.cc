#include "engine/connect_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace netcheck::probe {
namespace {

constexpr int kIpLocalPortRange = 51;  // IP_LOCAL_PORT_RANGE, newer than many headers.

template <typename T>
void SetSocketOption(int fd, int name, const T& value) {
  setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value));
}

}  // namespace

int OpenConnectSocket(int family, PortChoice choice) {
  const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd >= 0) {
    SetSocketOption(fd, SO_REUSEADDR, 1);
    SetSocketOption(fd, SO_LINGER, linger{1, choice == PortChoice::kExplicit ? 0 : 1});
  }
  return fd;
}

int TakeSourcePort(int fd, const Endpoint& source) {
  const SocketAddress address = ToSocketAddress(source);
  if (bind(fd, address.get(), address.size) == 0) {
    return 0;
  }
  const int error_number = errno;
  const std::uint32_t only_this = (static_cast<std::uint32_t>(source.port) << 16U) | source.port;
  const bool shared =
      error_number == EADDRINUSE &&
      setsockopt(fd, IPPROTO_IP, kIpLocalPortRange, &only_this, sizeof(only_this)) == 0;
  return shared ? 0 : error_number;
}

bool IsPortTaken(int error_number) {
  return error_number == EADDRINUSE || error_number == EADDRNOTAVAIL;
}

int TakeSocketError(int fd) {
  int error_number = 0;
  socklen_t size = sizeof(error_number);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error_number, &size);
  return error_number;
}

TcpState ReadTcpState(int fd) {
  tcp_info info{};  // Older kernels fill in less of it.
  socklen_t size = sizeof(info);
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    return {};
  }
  return {info.tcpi_state, info.tcpi_total_retrans};
}

bool IsEstablished(const TcpState& state) {
  return state.state == TCP_ESTABLISHED;
}

void CloseConnectSocket(int fd, PortChoice choice) {
  if (choice == PortChoice::kKernel) {
    SetSocketOption(fd, SO_LINGER, linger{0, 0});
  }
  close(fd);
}

}  // namespace netcheck::probe
