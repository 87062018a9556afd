#include "checks/resolve.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>

#include "protocol/result.h"
#include "sys/child_process.h"
#include "sys/system_error.h"
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

/// Everything that the child writes to `fd`.
WaitResult ReadAll(int fd, std::string& text, const Patience& patience) {
  std::array<char, 2048> buffer{};
  while (true) {
    const WaitResult waited = WaitFor(fd, POLLIN, patience);
    if (waited != WaitResult::kReady) {
      return waited;
    }
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return WaitResult::kReady;
    }
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

/// The child's lines, or why there are none.
protocol::Result<std::string> LookUpInChild(const std::string& host,
                                            const Patience& patience,
                                            WaitResult& waited) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return SystemError("pipe", errno);
  }
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const auto child = ChildProcess::Start([&] {
    const std::string lines = LookUp(host);
    return write(writer.get(), lines.data(), lines.size()) < 0 ? 1 : 0;
  });
  if (!child) {
    return child.error();
  }
  writer.Reset();
  std::string lines;
  waited = ReadAll(reader.get(), lines, patience);
  return lines;
}

}  // namespace

ResolveResult Resolve(const std::string& host, const Patience& patience) {
  ResolveResult result;
  if (const auto address = ParseIpAddress(host)) {
    result.addresses.push_back(*address);
    return result;
  }
  const std::string prefix = "lookup " + host + ": ";
  auto waited = WaitResult::kReady;
  const auto lines = LookUpInChild(host, patience, waited);
  if (!lines) {
    result.error = prefix + lines.error().message;
    return result;
  }
  result.expired = waited == WaitResult::kExpired;
  result.stopped = waited == WaitResult::kStopped;
  std::istringstream input(*lines);
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
