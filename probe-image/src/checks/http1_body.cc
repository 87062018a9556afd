#include "checks/http1_body.h"

#include <algorithm>
#include <array>
#include <utility>

#include "checks/chunked_reader.h"
#include "checks/http_response.h"
#include "checks/mime_header.h"

namespace netcheck::probe {
namespace {

bool IsEnd(const ReadError& error) {
  return error.kind == ReadError::Kind::kEnd;
}

class Nothing : public Http1Body {
 public:
  ReadResult Read(std::span<char> /*out*/) override { return {0, {ReadError::Kind::kEnd, ""}}; }
};

class OfLength : public Http1Body {
 public:
  OfLength(BufferedReader& reader, std::uint64_t length) : reader_(reader), left_(length) {}

  ReadResult Read(std::span<char> out) override {
    if (left_ == 0) {
      return {0, {ReadError::Kind::kEnd, ""}};
    }
    ReadResult got = reader_.Read(out.first(std::min<std::uint64_t>(out.size(), left_)));
    left_ -= got.bytes;
    if (left_ > 0) {
      got.error = EndIsUnexpected(std::move(got.error));
    } else if (!got.error) {
      got.error.kind = ReadError::Kind::kEnd;
    }
    return got;
  }

 private:
  BufferedReader& reader_;
  std::uint64_t left_;
};

/// seeUpcomingDoubleCRLF: whether the trailer's end is in sight, within the buffer's size.
bool SeesTrailerEnd(BufferedReader& reader) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  for (std::size_t size = kEnd.size(); size <= BufferedReader::kBufferBytes; ++size) {
    const auto next = reader.Peek(size);
    if (next.bytes.ends_with(kEnd)) {
      return true;
    }
    if (next.error) {
      return false;
    }
  }
  return false;
}

/// body.readTrailer
ReadError ReadTrailer(BufferedReader& reader) {
  const char* const kTooEarly = "http: unexpected EOF reading trailer";
  const auto first = reader.Peek(2);
  if (first.bytes == "\r\n") {
    reader.Discard(2);
    return {};
  }
  if (first.bytes.size() < 2) {
    return Failure(kTooEarly);
  }
  if (!SeesTrailerEnd(reader)) {
    return Failure("http: suspiciously long trailer after chunked body");
  }
  ReadError error = ReadMimeHeader(reader).error;
  return IsEnd(error) ? Failure(kTooEarly) : error;
}

class Chunked : public Http1Body {
 public:
  explicit Chunked(BufferedReader& reader) : reader_(reader), chunks_(reader) {}

  ReadResult Read(std::span<char> out) override {
    ReadResult got = chunks_.Read(out);
    if (IsEnd(got.error)) {
      if (ReadError error = ReadTrailer(reader_)) {
        got.error = std::move(error);
      }
    }
    return got;
  }

 private:
  BufferedReader& reader_;
  ChunkedReader chunks_;
};

class UntilClose : public Http1Body {
 public:
  explicit UntilClose(BufferedReader& reader) : reader_(reader) {}

  ReadResult Read(std::span<char> out) override { return reader_.Read(out); }

 private:
  BufferedReader& reader_;
};

class Switched : public Http1Body {
 public:
  Switched(BufferedReader& reader, ByteStream& stream, Patience patience)
      : reader_(reader), stream_(stream), patience_(std::move(patience)) {}

  ReadResult Read(std::span<char> out) override {
    const std::size_t buffered = reader_.buffered().size();
    return buffered > 0 ? reader_.Read(out.first(std::min(out.size(), buffered)))
                        : ReadSome(stream_, out, patience_);
  }

 private:
  BufferedReader& reader_;
  ByteStream& stream_;
  Patience patience_;
};

/// The sizes to which src/io/io.go's ReadAll grows its slice: append() takes the next of the
/// allocator's size classes (src/runtime/sizeclasses.go). They show: they decide what is read
/// ahead, and so whether the bytes after a chunk that ends at the limit are looked at.
constexpr std::array<std::size_t, 10> kReadAllSizes = {
    512, 896, 1408, 2048, 3072, 4096, 5376, 6912, 9472, 12288};
static_assert(kReadAllSizes.back() >= kMaxBodyBytes);

}  // namespace

std::unique_ptr<Http1Body> NoBody() {
  return std::make_unique<Nothing>();
}

std::unique_ptr<Http1Body> BodyOfLength(BufferedReader& reader, std::uint64_t length) {
  return std::make_unique<OfLength>(reader, length);
}

std::unique_ptr<Http1Body> ChunkedBody(BufferedReader& reader) {
  return std::make_unique<Chunked>(reader);
}

std::unique_ptr<Http1Body> BodyUntilClose(BufferedReader& reader) {
  return std::make_unique<UntilClose>(reader);
}

std::unique_ptr<Http1Body> SwitchedBody(BufferedReader& reader,
                                        ByteStream& stream,
                                        const Patience& patience) {
  return std::make_unique<Switched>(reader, stream, patience);
}

BodyText ReadAtMost(Http1Body& body, std::size_t limit) {
  BodyText read;
  limit = std::min(limit, kMaxBodyBytes);
  std::size_t size = 0;
  while (read.text.size() < limit) {
    const std::size_t at = read.text.size();
    read.text.resize(std::min(limit, kReadAllSizes[size]));
    ReadResult got = body.Read(std::span(read.text).subspan(at));
    read.text.resize(at + got.bytes);
    if (got.error) {
      read.error = IsEnd(got.error) ? ReadError{} : std::move(got.error);
      break;
    }
    size += read.text.size() == kReadAllSizes[size] ? 1 : 0;
  }
  return read;
}

}  // namespace netcheck::probe
