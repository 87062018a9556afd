#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "protocol/stream.h"
#include "sys/unique_fd.h"

namespace netcheck::probe {

/// A file in memory that a FactWriter writes to.
class StreamCapture {
 public:
  StreamCapture() : fd_(memfd_create("stream", MFD_CLOEXEC)) {}

  [[nodiscard]] int fd() const { return fd_.get(); }

  [[nodiscard]] std::string Text() const {
    std::string text(static_cast<std::size_t>(lseek(fd_.get(), 0, SEEK_END)), '\0');
    const ssize_t got = pread(fd_.get(), text.data(), text.size(), 0);
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
  }

  /// Its lines as a reader sees them; `longest` is that of the longest line, newline included.
  [[nodiscard]] protocol::StreamReader Read(std::size_t& longest) const {
    protocol::StreamReader reader;
    const std::string text = Text();
    longest = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      reader.AddLine(std::string_view(text).substr(at, end - at));
      longest = std::max(longest, end + 1 - at);
      at = end + 1;
    }
    return reader;
  }

 private:
  UniqueFd fd_;
};

}  // namespace netcheck::probe
