#include "checks/http_exchange.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "checks/buffered_reader.h"
#include "checks/http1_body.h"
#include "checks/http1_head.h"

namespace netcheck::probe {
namespace {

using Status = ExchangeResult::Status;

/// What Go puts before errors of a connection that had begun to answer.
constexpr const char* kBroken = "net/http: HTTP/1.x transport connection broken: ";

/// The connection as its response is read from it (src/net/http/transport.go, persistConn.Read):
/// heads are limited. Once patience ran out nothing more is read, and everything that the readers
/// made of it doesn't matter.
class ResponseStream : public ByteStream {
 public:
  explicit ResponseStream(ByteStream& lower) : lower_(lower) {}

  IoResult Read(std::span<char> buffer, const Patience& patience) override {
    if (gave_up()) {
      return {gave_up_, 0, ""};
    }
    if (left_ == 0) {
      return {IoResult::Status::kFailed, 0, ""};
    }
    IoResult io = lower_.Read(buffer.first(std::min(buffer.size(), left_)), patience);
    left_ -= io.bytes;
    if (io.status == IoResult::Status::kExpired || io.status == IoResult::Status::kStopped) {
      gave_up_ = io.status;
    }
    return io;
  }
  IoResult Write(std::string_view bytes, const Patience& patience) override {
    return lower_.Write(bytes, patience);
  }

  void Unlimit() { left_ = std::numeric_limits<std::size_t>::max(); }
  [[nodiscard]] bool exhausted() const { return left_ == 0; }
  [[nodiscard]] bool gave_up() const { return gave_up_ != IoResult::Status::kOk; }
  [[nodiscard]] bool stopped() const { return gave_up_ == IoResult::Status::kStopped; }

 private:
  ByteStream& lower_;
  std::size_t left_ = kMaxHeadBytes;
  IoResult::Status gave_up_ = IoResult::Status::kOk;
};

/// The result when there is no complete head.
ExchangeResult WithoutHead(const ResponseStream& stream, std::string error) {
  ExchangeResult result;
  if (stream.gave_up()) {
    result.status = stream.stopped() ? Status::kStopped : Status::kExpired;
  } else {
    result.status = Status::kFailed;
    result.error = std::move(error);
  }
  return result;
}

ExchangeResult WriteFailed(const IoResult& io) {
  ExchangeResult result;
  switch (io.status) {
    case IoResult::Status::kExpired:
      result.status = Status::kExpired;
      break;
    case IoResult::Status::kStopped:
      result.status = Status::kStopped;
      break;
    default:
      result.status = Status::kFailed;
      result.error = (io.bytes > 0 ? kBroken : "") + io.error;
      break;
  }
  return result;
}

std::unique_ptr<Http1Body> BodyOf(const Http1Head& head,
                                  BufferedReader& reader,
                                  ByteStream& stream,
                                  const Patience& patience) {
  switch (head.framing) {
    case BodyFraming::kNone:
      break;
    case BodyFraming::kLength:
      return BodyOfLength(reader, static_cast<std::uint64_t>(head.response.content_length));
    case BodyFraming::kChunked:
      return ChunkedBody(reader);
    case BodyFraming::kUntilClose:
      return BodyUntilClose(reader);
    case BodyFraming::kSwitched:
      return SwitchedBody(reader, stream, patience);
  }
  return NoBody();
}

/// persistConn.readLoop
ExchangeResult ReadResponse(ByteStream& lower,
                            const ExchangeOptions& options,
                            const Patience& patience) {
  ResponseStream stream(lower);
  BufferedReader reader(stream, patience);
  if (auto first = reader.Peek(1); first.error) {
    const bool ended = first.error.kind == ReadError::Kind::kEnd;
    return WithoutHead(stream, ended ? "EOF" : std::move(first.error.text));
  }
  if (options.on_first_byte) {
    options.on_first_byte();
  }
  Http1Head head = ReadHttp1Head(reader);
  if (head.error) {
    if (stream.exhausted()) {
      head.error.text = "net/http: server response headers exceeded " +
                        std::to_string(kMaxHeadBytes) + " bytes; aborted";
    }
    return WithoutHead(stream, kBroken + head.error.text);
  }
  stream.Unlimit();
  const auto body = BodyOf(head, reader, stream, patience);
  const std::size_t limit = options.body_limit ? options.body_limit(head.response) : kMaxBodyBytes;
  BodyText text = ReadAtMost(*body, limit);
  ExchangeResult result;
  result.response = std::move(head.response);
  result.response.body = std::move(text.text);
  if (stream.stopped()) {
    result.status = Status::kStopped;
  } else if (text.error && stream.gave_up()) {
    result.body_error =
        "context deadline exceeded (Client.Timeout or context cancellation while reading body)";
  } else {
    result.body_error = std::move(text.error.text);
  }
  return result;
}

}  // namespace

ExchangeResult ExchangeHttp1(ByteStream& stream,
                             const ExchangeOptions& options,
                             const Patience& patience) {
  const IoResult written = stream.Write(options.request, patience);
  if (!written.ok()) {
    return WriteFailed(written);
  }
  ExchangeResult result = ReadResponse(stream, options, patience);
  result.request_sent = true;
  return result;
}

}  // namespace netcheck::probe
