#include "checks/resolve.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <sstream>

#include "sys/unique_fd.h"

namespace netcheck::probe {
namespace {

constexpr std::size_t kMaxAddresses = 16;

/// In the child: "A 10.0.0.5\n" for each address, or "E " and a reason.
std::string LookUp(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failure = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failure != 0) {
    const bool absent = failure == EAI_NONAME;
    return std::string("E ") + (absent ? "no such host" : gai_strerror(failure)) + "\n";
  }
  std::string lines;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    SocketAddress address;
    address.size = entry->ai_addrlen;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    lines += "A " + FormatIpAddress(FromSocketAddress(address).address) + "\n";
  }
  freeaddrinfo(found);
  return lines;
}

/// A child process that is killed, if it still runs, and reaped.
class LookUpChild {
 public:
  explicit LookUpChild(const std::string& host) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
      return;
    }
    UniqueFd writer(ends[1]);
    reader_.Reset(ends[0]);
    pid_ = fork();
    if (pid_ == 0) {
      const std::string lines = LookUp(host);
      const ssize_t written = write(writer.get(), lines.data(), lines.size());
      _exit(written < 0 ? 1 : 0);
    }
  }
  LookUpChild(const LookUpChild&) = delete;
  LookUpChild& operator=(const LookUpChild&) = delete;
  ~LookUpChild() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
  }

  [[nodiscard]] bool started() const { return pid_ > 0; }

  /// Everything the child wrote.
  WaitResult Read(std::string& lines, const Patience& patience) const {
    std::array<char, 2048> buffer{};
    while (true) {
      const WaitResult waited = WaitFor(reader_.get(), POLLIN, patience);
      if (waited != WaitResult::kReady) {
        return waited;
      }
      const ssize_t got = read(reader_.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got <= 0) {
        return WaitResult::kReady;
      }
      lines.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  UniqueFd reader_;
  pid_t pid_ = -1;
};

}  // namespace

ResolveResult Resolve(const std::string& host, const Patience& patience) {
  ResolveResult result;
  if (const auto address = ParseIpAddress(host)) {
    result.addresses.push_back(*address);
    return result;
  }
  const std::string prefix = "lookup " + host + ": ";
  const LookUpChild child(host);
  if (!child.started()) {
    result.error = prefix + std::strerror(errno);
    return result;
  }
  std::string lines;
  const WaitResult waited = child.Read(lines, patience);
  result.expired = waited == WaitResult::kExpired;
  result.stopped = waited == WaitResult::kStopped;
  std::istringstream input(lines);
  std::string failure = result.expired ? "i/o timeout" : "no such host";
  for (std::string line; std::getline(input, line) && result.addresses.size() < kMaxAddresses;) {
    if (line.rfind("E ", 0) == 0) {
      failure = line.substr(2);
    } else if (const auto address =
                   ParseIpAddress(line.substr(std::min<std::size_t>(2, line.size())))) {
      result.addresses.push_back(*address);
    }
  }
  if (result.addresses.empty()) {
    result.error = prefix + failure;
  }
  return result;
}

}  // namespace netcheck::probe
