#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <string>

#include "checks/byte_stream.h"

namespace netcheck::probe {

/// A connection whose answers a test has written down.
class ScriptedStream : public ByteStream {
 public:
  /// Bytes that the next Read() yields.
  void Answer(std::string bytes) { reads_.push_back(std::move(bytes)); }
  /// How a Read() after the answers ends. Without it: the peer closed the connection.
  void EndWith(IoResult result) { end_ = std::move(result); }
  /// The first Read() after the answers ends so, and those after it as said above.
  void FailOnce(IoResult result) { failures_.push_back(std::move(result)); }
  void FailWrites(IoResult result) { write_result_ = std::move(result); }

  [[nodiscard]] const std::string& written() const { return written_; }

  IoResult Read(std::span<char> buffer, const Patience& /*patience*/) override {
    if (reads_.empty() && !failures_.empty()) {
      IoResult failure = std::move(failures_.front());
      failures_.pop_front();
      return failure;
    }
    if (reads_.empty()) {
      return end_;
    }
    std::string& bytes = reads_.front();
    const std::size_t size = std::min(bytes.size(), buffer.size());
    std::memcpy(buffer.data(), bytes.data(), size);
    bytes.erase(0, size);
    if (bytes.empty()) {
      reads_.pop_front();
    }
    return {IoResult::Status::kOk, size, ""};
  }

  IoResult Write(std::string_view bytes, const Patience& /*patience*/) override {
    if (!write_result_.ok()) {
      return write_result_;
    }
    written_ += bytes;
    return {IoResult::Status::kOk, bytes.size(), ""};
  }

 private:
  std::deque<std::string> reads_;
  std::deque<IoResult> failures_;
  IoResult end_{IoResult::Status::kEnd, 0, ""};
  IoResult write_result_;
  std::string written_;
};

}  // namespace netcheck::probe
