#include "checks/dial.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>

#include "engine/dial_error.h"
#include "protocol/facts.h"

namespace netcheck::probe {
namespace {

constexpr int kKeepAliveSeconds = 15;

std::int64_t MonotonicUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void SetOption(int fd, int level, int name, int value) {
  // Best effort, as in Go: an option that is refused changes nothing that a check measures.
  (void)setsockopt(fd, level, name, &value, sizeof value);
}

/// Result of a connect() under way: 0, an errno or kResultDeadline.
int AwaitConnect(int fd, const Patience& patience, bool& stopped) {
  switch (WaitFor(fd, POLLOUT, patience)) {
    case WaitResult::kStopped:
      stopped = true;
      return protocol::kResultNotTried;
    case WaitResult::kExpired:
      return protocol::kResultDeadline;
    case WaitResult::kReady:
      break;
  }
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

DialResult DialOnce(const Endpoint& target, const Patience& patience, const DialOptions& options) {
  DialResult dial;
  const auto fail = [&](const char* call, int error_number) {
    dial.result = error_number;
    dial.error = DialErrorText(target, call, error_number);
  };
  const PortChoice choice = options.source_port == 0 ? PortChoice::kKernel : PortChoice::kExplicit;
  UniqueFd fd(OpenConnectSocket(target.address.family, choice));
  if (!fd.valid()) {
    fail("socket", errno);
    return dial;
  }
  if (choice == PortChoice::kExplicit) {
    const Endpoint any{{target.address.family, {}}, options.source_port};
    if (const int error_number = TakeSourcePort(fd.get(), any); error_number != 0) {
      fail("bind", error_number);
      return dial;
    }
  }
  const SocketAddress address = ToSocketAddress(target);
  const std::int64_t before_us = MonotonicUs();
  const int started = connect(fd.get(), address.get(), address.size) == 0 ? 0 : errno;
  const std::int64_t after_us = MonotonicUs();
  dial.local = LocalEndpoint(fd.get());
  if (options.observer && dial.local.port != 0) {
    options.observer(dial.local, before_us, after_us);
  }
  dial.result = started == EINPROGRESS ? AwaitConnect(fd.get(), patience, dial.stopped) : started;
  if (dial.result != 0) {
    dial.error = DialErrorText(target, dial.result);
    CloseConnectSocket(fd.Release(), choice);
    return dial;
  }
  SetOption(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(fd.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(fd.get(), IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveSeconds);
  SetOption(fd.get(), IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveSeconds);
  dial.stream =
      std::make_unique<SocketStream>(std::move(fd), choice, dial.local, target, options.on_silence);
  return dial;
}

}  // namespace

SocketStream::~SocketStream() {
  CloseConnectSocket(fd_.Release(), choice_);
}

IoResult SocketStream::Failed(const char* call, int error_number) const {
  return {IoResult::Status::kFailed,
          0,
          std::string(call) + " tcp " + FormatEndpoint(local_) + "->" + FormatEndpoint(remote_) +
              ": " + call + ": " + GoErrnoText(error_number)};
}

IoResult SocketStream::Waited(WaitResult result) const {
  if (result == WaitResult::kStopped) {
    return {IoResult::Status::kStopped, 0, ""};
  }
  int unacknowledged = 0;
  if (on_silence_ && ioctl(fd_.get(), SIOCOUTQ, &unacknowledged) == 0) {
    on_silence_({local_, remote_, sent_, received_, static_cast<std::uint32_t>(unacknowledged)});
  }
  return {IoResult::Status::kExpired, 0, ""};
}

IoResult SocketStream::Read(std::span<char> buffer, const Patience& patience) {
  while (true) {
    const ssize_t got = recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) {
      received_ += got;
      return {IoResult::Status::kOk, static_cast<std::size_t>(got), ""};
    }
    if (got == 0) {
      return {IoResult::Status::kEnd, 0, ""};
    }
    if (errno == EINTR) {
      continue;
    }
    if (errno != EAGAIN) {
      return Failed("read", errno);
    }
    if (const WaitResult waited = WaitFor(fd_.get(), POLLIN, patience);
        waited != WaitResult::kReady) {
      return Waited(waited);
    }
  }
}

IoResult SocketStream::Write(std::string_view bytes, const Patience& patience) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t put =
        send(fd_.get(), bytes.data() + written, bytes.size() - written, MSG_NOSIGNAL);
    if (put >= 0) {
      written += static_cast<std::size_t>(put);
      sent_ += put;
      continue;
    }
    if (errno == EINTR) {
      continue;
    }
    IoResult result;
    if (errno != EAGAIN) {
      result = Failed("write", errno);
    } else if (const WaitResult waited = WaitFor(fd_.get(), POLLOUT, patience);
               waited != WaitResult::kReady) {
      result = Waited(waited);
    }
    if (!result.ok()) {
      result.bytes = written;
      return result;
    }
  }
  return {IoResult::Status::kOk, written, ""};
}

DialResult Dial(const Endpoint& target, const Patience& patience, const DialOptions& options) {
  const int dials = options.source_port == 0 ? 3 : 1;
  DialResult dial;
  for (int i = 0; i < dials; ++i) {
    dial = DialOnce(target, patience, options);
    const bool to_itself = dial.stream != nullptr && dial.local == target;
    if (dial.result != EADDRNOTAVAIL && !to_itself) {
      break;
    }
  }
  return dial;
}

}  // namespace netcheck::probe
