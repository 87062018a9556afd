// accepting-server ADDRESS PORT
//
// The target of the handshakes benchmark: accepts every connection and closes it, with as little
// work as can be. It prints a line when it listens, and ends when standard input does.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

int Listen(const char* address, const char* port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  if (inet_pton(AF_INET, address, &name.sin_addr) != 1) {
    Die(address);
  }
  // As long as net.core.somaxconn allows.
  if (bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0 ||
      listen(fd, 1 << 16) != 0) {
    Die("listen");
  }
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: accepting-server ADDRESS PORT\n", stderr);
    return 2;
  }
  const int listener = Listen(argv[1], argv[2]);
  std::puts("listening");
  std::fflush(stdout);
  std::array<pollfd, 2> waiting{{{listener, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
  while (poll(waiting.data(), waiting.size(), -1) > 0 && waiting[1].revents == 0) {
    for (int fd = 0; (fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      close(fd);
    }
  }
  return 0;
}
