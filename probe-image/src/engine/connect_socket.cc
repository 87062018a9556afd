#include "engine/connect_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace netcheck::probe {
namespace {

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

int BindSource(int fd, const Endpoint& source) {
  const SocketAddress address = ToSocketAddress(source);
  return bind(fd, address.get(), address.size) == 0 ? 0 : errno;
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

const char* TcpStateName(std::uint8_t state) {
  static constexpr std::array kNames = {"",
                                        "ESTABLISHED",
                                        "SYN_SENT",
                                        "SYN_RECV",
                                        "FIN_WAIT1",
                                        "FIN_WAIT2",
                                        "TIME_WAIT",
                                        "CLOSE",
                                        "CLOSE_WAIT",
                                        "LAST_ACK",
                                        "LISTEN",
                                        "CLOSING",
                                        "NEW_SYN_RECV"};
  return state < kNames.size() ? kNames[state] : "";
}

void CloseConnectSocket(int fd, PortChoice choice) {
  if (choice == PortChoice::kKernel) {
    SetSocketOption(fd, SO_LINGER, linger{0, 0});
  }
  close(fd);
}

}  // namespace netcheck::probe
