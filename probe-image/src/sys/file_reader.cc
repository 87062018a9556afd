#include "sys/file_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "sys/system_error.h"
#include "sys/unique_fd.h"

namespace netcheck::probe {
namespace {

using protocol::Result;

constexpr std::size_t kMaxLine = 8U << 10U;

Result<UniqueFd> Open(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) {
    return SystemError(path, errno);
  }
  return fd;
}

/// Appends the next piece of the file; 0 at its end.
Result<std::size_t> ReadMore(const UniqueFd& fd, const std::string& path, std::string& text) {
  std::array<char, 16384> buffer{};
  ssize_t count = 0;
  do {
    count = read(fd.get(), buffer.data(), buffer.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    return SystemError(path, errno);
  }
  text.append(buffer.data(), static_cast<std::size_t>(count));
  return static_cast<std::size_t>(count);
}

/// Consumes the complete lines of `text` and leaves the rest in it.
Lines ConsumeLines(std::string& text, const std::function<Lines(std::string_view)>& consume) {
  std::size_t start = 0;
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
    if (consume(std::string_view(text).substr(start, end - start)) == Lines::kStop) {
      return Lines::kStop;
    }
    start = end + 1;
  }
  text.erase(0, start);
  return Lines::kContinue;
}

}  // namespace

Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes) {
  const auto fd = Open(path);
  if (!fd) {
    return fd.error();
  }
  std::string text;
  for (;;) {
    const auto count = ReadMore(*fd, path, text);
    if (!count) {
      return count.error();
    }
    if (text.size() > max_bytes) {
      return SystemError(path, EFBIG);
    }
    if (*count == 0) {
      return text;
    }
  }
}

Result<void> ForEachLine(const std::string& path,
                         std::size_t max_bytes,
                         const std::function<Lines(std::string_view)>& consume) {
  const auto fd = Open(path);
  if (!fd) {
    return fd.error();
  }
  std::string rest;
  std::size_t total = 0;
  for (;;) {
    const auto count = ReadMore(*fd, path, rest);
    if (!count) {
      return count.error();
    }
    if (*count == 0) {
      if (!rest.empty()) {
        consume(rest);
      }
      return {};
    }
    if (ConsumeLines(rest, consume) == Lines::kStop) {
      return {};
    }
    total += *count;
    if (total > max_bytes || rest.size() > kMaxLine) {
      return SystemError(path, EFBIG);
    }
  }
}

}  // namespace netcheck::probe
