#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "checks/byte_stream.h"
#include "checks/patience.h"

// Reading as Go's readers do it: which of two errors is told depends on how much was read ahead,
// and on an error being told once.
namespace netcheck::probe {

struct ReadError {
  enum class Kind {
    kNone,
    kEnd,     ///< io.EOF
    kFailed,  ///< Any other; the stream knows when it was patience that ran out.
  };
  Kind kind = Kind::kNone;
  std::string text;  ///< When failed: Go's words.

  explicit operator bool() const { return kind != Kind::kNone; }
};

inline ReadError Failure(std::string text) {
  return {ReadError::Kind::kFailed, std::move(text)};
}
/// An end where more was due (io.ErrUnexpectedEOF); other errors stay what they are.
ReadError EndIsUnexpected(ReadError error);

/// What a Read() of Go returns: bytes and an error, maybe both.
struct ReadResult {
  std::size_t bytes = 0;
  ReadError error;
};

ReadResult ReadSome(ByteStream& stream, std::span<char> out, const Patience& patience);

/// src/bufio/bufio.go, Reader. Bytes that are handed out as views live until the next call.
class BufferedReader {
 public:
  static constexpr std::size_t kBufferBytes = 4096;

  struct Slice {
    std::string_view bytes;
    bool newline = false;  ///< They end with one. If not: for the error, or the buffer is full.
    ReadError error;
  };
  struct Line {
    std::string_view text;  ///< Without its end.
    bool more = false;      ///< The line is longer than the buffer: it goes on with the next call.
    ReadError error;        ///< There is no line.
  };
  struct Peeked {
    std::string_view bytes;
    ReadError error;  ///< Why there are fewer than asked for.
  };

  BufferedReader(ByteStream& stream, Patience patience);

  /// The next bytes without taking them: `count`, which is at most kBufferBytes.
  Peeked Peek(std::size_t count);
  /// Takes so many of the bytes that are buffered.
  void Discard(std::size_t count) { begin_ += count; }
  [[nodiscard]] std::string_view buffered() const {
    return std::string_view(buffer_.data(), end_).substr(begin_);
  }
  /// Up to the next newline.
  Slice ReadSlice();
  /// A line or a part of it; the last one may lack its newline.
  Line ReadLine();
  /// From one read of the stream at most.
  ReadResult Read(std::span<char> out);

 private:
  void Fill();
  ReadError TakeError();

  ByteStream& stream_;
  Patience patience_;
  std::array<char, kBufferBytes> buffer_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  ReadError error_;
};

}  // namespace netcheck::probe
