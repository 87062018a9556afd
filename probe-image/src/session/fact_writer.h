#pragma once

#include <cstddef>
#include <cstdint>

#include "protocol/facts.h"

namespace netcheck::probe {

/// Writes the stream: numbers the lines, keeps each within kMaxLineBytes and all of them within
/// kMaxStreamBytes.
class FactWriter {
 public:
  /// `fd` is written to and not closed.
  explicit FactWriter(int fd) : fd_(fd) {}

  /// Writes a fact at once, in as many lines as it needs. One that cannot be split and is too long
  /// loses text from its longest fields.
  void Write(const protocol::Fact& fact);
  /// The same, but only if `reserve` bytes stay free for what comes later. false: it was left out.
  bool WriteIfRoom(const protocol::Fact& fact, std::size_t reserve);

  /// Nobody reads any more (EPIPE and the like): nothing is written from then on.
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::int64_t lines() const { return lines_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  void WriteLine(const protocol::Fact& fact);

  int fd_;
  bool failed_ = false;
  std::int64_t lines_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace netcheck::probe
