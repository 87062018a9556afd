#include "sys/netns.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "sys/child_process.h"
#include "sys/system_error.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Result;
using std::chrono::steady_clock;

constexpr std::size_t kMaxOutput = 1U << 20U;
constexpr std::chrono::seconds kSocketTimeout{5};

/// What a child reports: the step that failed, and its errno.
enum class Step : std::int32_t { kDone, kSetns, kSocket };
struct Status {
  std::uint32_t mark = 0x6e63'7374;  ///< Tells it from the text of a child that died half-way.
  Step step = Step::kDone;
  std::int32_t error_number = 0;
};

Error ErrorOf(const Status& status) {
  return SystemError(status.step == Step::kSetns ? "setns into the network namespace"
                                                 : "socket in the network namespace",
                     status.error_number);
}

Status Failed(Step step, int error_number) {
  Status status;
  status.step = step;
  status.error_number = error_number;
  return status;
}

Status EnterNetns(int netns_fd) {
  if (setns(netns_fd, CLONE_NEWNET) != 0) {
    return Failed(Step::kSetns, errno);
  }
  return {};
}

bool WriteAll(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t count = write(fd, data, size);
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      return false;
    }
    data += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

// msghdr counts in size_t (glibc) or socklen_t (musl).
constexpr auto kDescriptorLength = static_cast<socklen_t>(CMSG_LEN(sizeof(int)));
constexpr auto kDescriptorControlSize = static_cast<socklen_t>(CMSG_SPACE(sizeof(int)));

/// Room for one descriptor in a control message.
union DescriptorControl {
  cmsghdr header;
  std::array<char, kDescriptorControlSize> bytes;
};

/// The status, and the descriptor with it when it says kDone.
int SendSocket(int channel, Status status, int fd) {
  iovec payload{&status, sizeof status};
  DescriptorControl control{};
  msghdr message{};
  message.msg_iov = &payload;
  message.msg_iovlen = 1;
  if (status.step == Step::kDone) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = kDescriptorControlSize;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = kDescriptorLength;
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  return sendmsg(channel, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof status) ? 0 : 1;
}

Result<UniqueFd> ReceiveSocket(int channel) {
  Status status;
  iovec payload{&status, sizeof status};
  DescriptorControl control{};
  msghdr message{};
  message.msg_iov = &payload;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = kDescriptorControlSize;
  const ssize_t count = recvmsg(channel, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (count < 0) {
    return SystemError("recvmsg", errno);
  }
  if (count != static_cast<ssize_t>(sizeof status)) {
    return Error{"the helper for the network namespace ended without an answer", 0};
  }
  if (status.step != Step::kDone) {
    return ErrorOf(status);
  }
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
      header->cmsg_len != kDescriptorLength) {
    return SystemError("no descriptor came from the network namespace", EMFILE);
  }
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return UniqueFd(fd);
}

/// Everything the child writes until it closes its end.
Result<std::string> ReadOutput(int fd, Deadline deadline) {
  std::string output;
  std::array<char, 16384> buffer{};
  for (;;) {
    const auto ready = WaitReadable(fd, deadline);
    if (!ready.ok()) {
      return ready.error();
    }
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      return SystemError("read from the network namespace", errno);
    }
    if (count == 0) {
      return output;
    }
    output.append(buffer.data(), static_cast<std::size_t>(count));
    if (output.size() > kMaxOutput + sizeof(Status)) {
      return SystemError("output from the network namespace", EFBIG);
    }
  }
}

}  // namespace

Result<UniqueFd> OpenNetnsFile(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) {
    return SystemError(path, errno);
  }
  return fd;
}

Result<UniqueFd> OpenNetns(std::int64_t pid) {
  return OpenNetnsFile("/proc/" + std::to_string(pid) + "/ns/net");
}

Result<std::uint64_t> NetnsInode(int netns_fd) {
  struct stat info {};
  if (fstat(netns_fd, &info) != 0) {
    return SystemError("stat of a network namespace", errno);
  }
  return static_cast<std::uint64_t>(info.st_ino);
}

Result<UniqueFd> SocketInNetns(int netns_fd, int domain, int type, int protocol_number) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return SystemError("socketpair", errno);
  }
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  const auto child = ChildProcess::Start([&] {
    Status status = EnterNetns(netns_fd);
    UniqueFd made;
    if (status.step == Step::kDone) {
      made.Reset(socket(domain, type | SOCK_CLOEXEC, protocol_number));
      if (!made.valid()) {
        status = Failed(Step::kSocket, errno);
      }
    }
    return SendSocket(theirs.get(), status, made.get());
  });
  if (!child) {
    return child.error();
  }
  theirs.Reset();
  const auto ready = WaitReadable(ours.get(), steady_clock::now() + kSocketTimeout);
  if (!ready.ok()) {
    return ready.error();
  }
  return ReceiveSocket(ours.get());
}

Result<std::string> RunInNetns(int netns_fd,
                               const std::function<std::string()>& work,
                               std::chrono::milliseconds timeout) {
  const Deadline deadline = steady_clock::now() + timeout;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return SystemError("pipe", errno);
  }
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const auto child = ChildProcess::Start([&] {
    const Status status = EnterNetns(netns_fd);
    const std::string text = status.step == Step::kDone ? work() : std::string();
    const bool written =
        WriteAll(writer.get(), text.data(), text.size()) &&
        WriteAll(writer.get(), reinterpret_cast<const char*>(&status), sizeof status);
    return written ? 0 : 1;
  });
  if (!child) {
    return child.error();
  }
  writer.Reset();
  auto output = ReadOutput(reader.get(), deadline);
  if (!output) {
    return output;
  }
  // The status comes last: a child that died half-way has none.
  Status status;
  status.mark = 0;
  const std::size_t text_size = output->size() - std::min(output->size(), sizeof status);
  if (output->size() >= sizeof status) {
    std::memcpy(&status, output->data() + text_size, sizeof status);
  }
  if (status.mark != Status{}.mark) {
    return Error{"the helper for the network namespace ended without an answer", 0};
  }
  if (status.step != Step::kDone) {
    return ErrorOf(status);
  }
  output->resize(text_size);
  return output;
}

}  // namespace netcheck::probe
