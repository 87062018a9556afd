#include "checks/buffered_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace netcheck::probe {

ReadError EndIsUnexpected(ReadError error) {
  return error.kind == ReadError::Kind::kEnd ? Failure("unexpected EOF") : std::move(error);
}

ReadResult ReadSome(ByteStream& stream, std::span<char> out, const Patience& patience) {
  IoResult io = stream.Read(out, patience);
  switch (io.status) {
    case IoResult::Status::kOk:
      return {io.bytes, {}};
    case IoResult::Status::kEnd:
      return {io.bytes, {ReadError::Kind::kEnd, ""}};
    default:
      return {io.bytes, Failure(std::move(io.error))};
  }
}

BufferedReader::BufferedReader(ByteStream& stream, Patience patience)
    : stream_(stream), patience_(std::move(patience)) {}

/// Reader.fill
void BufferedReader::Fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= std::exchange(begin_, 0);
  ReadResult got = ReadSome(stream_, std::span(buffer_).subspan(end_), patience_);
  end_ += got.bytes;
  error_ = std::move(got.error);
}

/// Reader.readErr: an error is told once, and the stream is read again after that.
ReadError BufferedReader::TakeError() {
  return std::exchange(error_, {});
}

BufferedReader::Peeked BufferedReader::Peek(std::size_t count) {
  while (buffered().size() < count && !error_) {
    Fill();
  }
  if (buffered().size() < count) {
    return {buffered(), TakeError()};
  }
  return {buffered().substr(0, count), {}};
}

BufferedReader::Slice BufferedReader::ReadSlice() {
  Slice slice;
  std::size_t searched = 0;
  while (true) {
    slice.bytes = buffered();
    const std::size_t newline = slice.bytes.find('\n', searched);
    slice.newline = newline != std::string_view::npos;
    if (slice.newline) {
      slice.bytes = slice.bytes.substr(0, newline + 1);
      break;
    }
    if (error_) {
      slice.error = TakeError();
      break;
    }
    if (slice.bytes.size() == kBufferBytes) {
      break;
    }
    searched = slice.bytes.size();
    Fill();
  }
  begin_ += slice.bytes.size();
  return slice;
}

BufferedReader::Line BufferedReader::ReadLine() {
  Slice slice = ReadSlice();
  std::string_view text = slice.bytes;
  if (!slice.newline && !slice.error) {
    if (text.ends_with('\r')) {  // It may belong to the line's end.
      --begin_;
      text.remove_suffix(1);
    }
    return {text, true, {}};
  }
  if (text.empty()) {
    return {text, false, std::move(slice.error)};
  }
  if (slice.newline) {
    text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
  }
  return {text, false, {}};  // An error of the last line is forgotten.
}

ReadResult BufferedReader::Read(std::span<char> out) {
  if (out.empty()) {
    return {0, buffered().empty() ? TakeError() : ReadError{}};
  }
  if (buffered().empty()) {
    if (error_) {
      return {0, TakeError()};
    }
    if (out.size() >= kBufferBytes) {
      return ReadSome(stream_, out, patience_);
    }
    Fill();
    if (buffered().empty()) {
      return {0, TakeError()};
    }
  }
  const std::size_t size = std::min(out.size(), buffered().size());
  std::memcpy(out.data(), buffered().data(), size);
  begin_ += size;
  return {size, {}};
}

}  // namespace netcheck::probe
