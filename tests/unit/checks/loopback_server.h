#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "sys/unique_fd.h"

namespace netcheck::probe {

/// A TCP server on 127.0.0.1 that handles one connection after the other in a thread.
class LoopbackServer {
 public:
  /// `handle` gets the number of the connection (from 0) and its socket; it may not outlive
  /// stopping().
  using Handler = std::function<void(int, int)>;

  explicit LoopbackServer(Handler handle) : handle_(std::move(handle)) {
    listener_.Reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_.get(), generic, size) == 0 && listen(listener_.get(), 16) == 0 &&
        getsockname(listener_.get(), generic, &size) == 0) {
      port_ = ntohs(address.sin_port);
      thread_ = std::thread([this] { Serve(); });
    }
  }
  ~LoopbackServer() {
    stopping_ = true;
    if (thread_.joinable()) {
      thread_.join();
    }
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }

  /// Reads a request's head; false when the client is gone.
  static bool ReadHead(int fd, std::string& head) {
    char buffer[2048];
    while (head.find("\r\n\r\n") == std::string::npos) {
      const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) {
        return false;
      }
      head.append(buffer, static_cast<std::size_t>(got));
    }
    return true;
  }
  static void Send(int fd, const std::string& text) {
    (void)send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  }
  /// Until the client closes the connection.
  static void AwaitClose(int fd) {
    char buffer[2048];
    while (recv(fd, buffer, sizeof buffer, 0) > 0) {
    }
  }

 private:
  void Serve() {
    while (!stopping_) {
      pollfd entry{listener_.get(), POLLIN, 0};
      if (poll(&entry, 1, 20) <= 0) {
        continue;
      }
      const UniqueFd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (connection.valid()) {
        handle_(connections_++, connection.get());
      }
    }
  }

  Handler handle_;
  UniqueFd listener_;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

}  // namespace netcheck::probe
