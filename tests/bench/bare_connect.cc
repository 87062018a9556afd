// bare-connect ADDRESS PORT FIRST LAST IN_FLIGHT
//
// The limit that the probe is compared with: one connection from each source port FIRST to LAST, at
// most IN_FLIGHT at a time, each closed with a reset as soon as it is established. One epoll loop,
// no tap, no record of anything. Prints how many were established, and the seconds it took.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr int kEvents = 256;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

class Connector {
 public:
  Connector(const char* address, int port) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    target_.sin_family = AF_INET;
    target_.sin_port = htons(static_cast<std::uint16_t>(port));
    if (inet_pton(AF_INET, address, &target_.sin_addr) != 1) {
      Die(address);
    }
  }

  void Start(int source_port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const linger reset{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_port = htons(static_cast<std::uint16_t>(source_port));
    if (bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof(source)) != 0) {
      close(fd);  // Somebody else has the port.
      return;
    }
    if (connect(fd, reinterpret_cast<const sockaddr*>(&target_), sizeof(target_)) != 0 &&
        errno != EINPROGRESS) {
      Die("connect");
    }
    epoll_event event{};
    event.events = EPOLLOUT;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    ++open_;
  }

  void Wait() {
    std::array<epoll_event, kEvents> events{};
    const int ready = epoll_wait(epoll_, events.data(), kEvents, -1);
    for (int i = 0; i < ready; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      established_ += (event.events & (EPOLLERR | EPOLLHUP)) == 0 ? 1 : 0;
      close(event.data.fd);
      --open_;
    }
  }

  [[nodiscard]] int open() const { return open_; }
  [[nodiscard]] int established() const { return established_; }

 private:
  int epoll_;
  sockaddr_in target_{};
  int open_ = 0;
  int established_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fputs("usage: bare-connect ADDRESS PORT FIRST LAST IN_FLIGHT\n", stderr);
    return 2;
  }
  Connector connector(argv[1], std::atoi(argv[2]));
  const int last = std::atoi(argv[4]);
  const int in_flight = std::atoi(argv[5]);
  const auto start = std::chrono::steady_clock::now();
  for (int port = std::atoi(argv[3]); port <= last; ++port) {
    while (connector.open() >= in_flight) {
      connector.Wait();
    }
    connector.Start(port);
  }
  while (connector.open() > 0) {
    connector.Wait();
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  std::printf("%d %.6f\n", connector.established(), taken.count());
  return 0;
}
