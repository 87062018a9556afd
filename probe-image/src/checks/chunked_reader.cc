#include "checks/chunked_reader.h"

#include <algorithm>
#include <string>
#include <utility>

namespace netcheck::probe {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

/// -1 for what is no hexadecimal digit.
int HexValue(char c) {
  const char lower = static_cast<char>(c | 0x20);
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// parseHexUint
ReadError ParseSize(std::string_view text, std::uint64_t& size) {
  constexpr std::size_t kMaxDigits = 16;
  if (text.empty()) {
    return Failure("empty hex number for chunk length");
  }
  size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int digit = HexValue(text[i]);
    if (digit < 0) {
      return Failure("invalid byte in chunk length");
    }
    if (i == kMaxDigits) {
      return Failure("http chunk length too large");
    }
    size = size << 4U | static_cast<unsigned>(digit);
  }
  return {};
}

/// readChunkLine: what is wrong with a line.
ReadError LineFault(const BufferedReader::Slice& slice) {
  if (slice.error) {
    return EndIsUnexpected(slice.error);
  }
  if (!slice.newline) {
    return Failure("header line too long");
  }
  const std::size_t carriage = slice.bytes.find('\r');
  if (carriage == std::string_view::npos) {
    return Failure("chunked line ends with bare LF");
  }
  if (carriage + kLineEnd.size() != slice.bytes.size()) {
    return Failure("invalid CR in chunked line");
  }
  return {};
}

}  // namespace

ReadResult ChunkedReader::Read(std::span<char> out) {
  std::size_t bytes = 0;
  while (!error_) {
    if (chunk_ends_ && !EndChunk(bytes > 0)) {
      break;
    }
    if (left_ == 0) {
      // What is not there yet is not waited for while there is data to hand out.
      if (bytes > 0 && reader_.buffered().find('\n') == std::string_view::npos) {
        break;
      }
      BeginChunk();
      continue;
    }
    if (bytes == out.size()) {
      break;
    }
    const auto room = out.subspan(bytes);
    ReadResult got = reader_.Read(room.first(std::min<std::uint64_t>(room.size(), left_)));
    bytes += got.bytes;
    left_ -= got.bytes;
    chunk_ends_ = left_ == 0 && !got.error;
    error_ = EndIsUnexpected(std::move(got.error));
  }
  return {bytes, error_};
}

/// False when the caller is to return what it has.
bool ChunkedReader::EndChunk(bool has_data) {
  if (has_data && reader_.buffered().size() < kLineEnd.size()) {
    return false;
  }
  const auto next = reader_.Peek(kLineEnd.size());
  if (next.error) {
    error_ = EndIsUnexpected(next.error);
    return false;
  }
  if (next.bytes != kLineEnd) {
    error_ = Failure("malformed chunked encoding");
    return false;
  }
  reader_.Discard(kLineEnd.size());
  chunk_ends_ = false;
  return true;
}

/// chunkedReader.beginChunk
void ChunkedReader::BeginChunk() {
  const auto slice = reader_.ReadSlice();
  error_ = LineFault(slice);
  if (!error_) {
    TakeSize(slice.bytes.substr(0, slice.bytes.size() - kLineEnd.size()));
  }
}

void ChunkedReader::TakeSize(std::string_view line) {
  // Go's defence against chunks that are mostly framing.
  constexpr std::uint64_t kOverheadPerChunk = 16;
  constexpr std::int64_t kMaxExcess = 16384;
  excess_ += static_cast<std::int64_t>(line.size() + kLineEnd.size());
  line = line.substr(0, line.find_last_not_of(" \t") + 1);
  error_ = ParseSize(line.substr(0, line.find(';')), left_);
  if (error_) {
    return;
  }
  // Go's integers wrap around, too.
  excess_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(excess_) - kOverheadPerChunk -
                                      2 * left_);
  excess_ = std::max<std::int64_t>(excess_, 0);
  if (excess_ > kMaxExcess) {
    error_ = Failure("chunked encoding contains too much non-data");
  }
  if (left_ == 0) {
    error_ = {ReadError::Kind::kEnd, ""};
  }
}

}  // namespace netcheck::probe
