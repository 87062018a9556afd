#include "session/fact_writer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "protocol/stream.h"
#include "session/line_fit.h"

namespace netcheck::probe {

using protocol::Fact;

namespace {

/// For a non-blocking standard output: whether the reader made room in time.
bool AwaitReader(int fd) {
  constexpr int kReaderPatienceMs = 5000;
  pollfd entry{fd, POLLOUT, 0};
  return poll(&entry, 1, kReaderPatienceMs) != 0;
}

}  // namespace

void FactWriter::Write(const Fact& fact) {
  for (const Fact& part : FitIntoLines(fact)) {
    WriteLine(part);
  }
}

bool FactWriter::WriteIfRoom(const Fact& fact, std::size_t reserve) {
  const std::vector<Fact> parts = FitIntoLines(fact);
  std::size_t needed = reserve;
  for (const Fact& part : parts) {
    needed += LineBytes(part);
  }
  if (bytes_ + needed > protocol::kMaxStreamBytes) {
    return false;
  }
  for (const Fact& part : parts) {
    WriteLine(part);
  }
  return true;
}

void FactWriter::WriteLine(const Fact& fact) {
  if (failed_) {
    return;
  }
  const std::string line = protocol::EncodeLine(lines_, fact);
  std::size_t written = 0;
  while (written < line.size()) {
    const ssize_t put = write(fd_, line.data() + written, line.size() - written);
    if (put < 0 && errno == EINTR) {
      continue;
    }
    if (put < 0 && errno == EAGAIN && AwaitReader(fd_)) {
      continue;
    }
    if (put < 0) {
      failed_ = true;
      return;
    }
    written += static_cast<std::size_t>(put);
  }
  ++lines_;
  bytes_ += line.size();
}

}  // namespace netcheck::probe
