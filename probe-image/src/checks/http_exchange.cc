#include "checks/http_exchange.h"

#include <array>

namespace netcheck::probe {
namespace {

constexpr std::size_t kReadBytes = 4096;

/// What Go puts before errors of a connection that had begun to answer.
constexpr const char* kBroken = "net/http: HTTP/1.x transport connection broken: ";

ExchangeResult Ended(const IoResult& io, const std::string& prefix) {
  ExchangeResult result;
  switch (io.status) {
    case IoResult::Status::kExpired:
      result.status = ExchangeResult::Status::kExpired;
      break;
    case IoResult::Status::kStopped:
      result.status = ExchangeResult::Status::kStopped;
      break;
    default:
      result.status = ExchangeResult::Status::kFailed;
      result.error = prefix + io.error;
      break;
  }
  return result;
}

/// The result when reading stopped with `io` after the head was complete.
ExchangeResult BodyCutOff(const Http1Reader& reader, const IoResult& io) {
  ExchangeResult result;
  result.response = reader.response();
  if (io.status == IoResult::Status::kStopped) {
    result.status = ExchangeResult::Status::kStopped;
  } else if (io.status == IoResult::Status::kExpired) {
    result.body_error =
        "context deadline exceeded (Client.Timeout or context cancellation while reading body)";
  } else {
    result.body_error = io.error;
  }
  return result;
}

ExchangeResult Finished(const Http1Reader& reader) {
  ExchangeResult result;
  result.response = reader.response();
  result.body_error = reader.error();
  return result;
}

bool IsUnfinished(const Http1Reader& reader) {
  return reader.state() == Http1Reader::State::kHead || reader.state() == Http1Reader::State::kBody;
}

ExchangeResult ReadResponse(ByteStream& stream,
                            const ExchangeOptions& options,
                            const Patience& patience) {
  Http1Reader reader;
  std::array<char, kReadBytes> buffer{};
  bool answered = false;
  bool limited = false;
  IoResult io;
  while (IsUnfinished(reader) && (io.ok() || io.status == IoResult::Status::kEnd)) {
    io = stream.Read(buffer, patience);
    if (io.ok()) {
      if (!answered && options.on_first_byte) {
        options.on_first_byte();
      }
      answered = true;
      reader.Feed(std::string_view(buffer.data(), io.bytes));
    } else if (io.status == IoResult::Status::kEnd) {
      if (!answered) {
        return Ended({IoResult::Status::kFailed, 0, "EOF"}, "");
      }
      reader.End();
    }
    if (!limited && reader.head_complete() && options.body_limit) {
      limited = true;
      reader.LimitBody(options.body_limit(reader.response()));
    }
  }
  if (reader.head_complete()) {
    return IsUnfinished(reader) ? BodyCutOff(reader, io) : Finished(reader);
  }
  if (reader.state() == Http1Reader::State::kFailed) {
    return Ended({IoResult::Status::kFailed, 0, reader.error()}, kBroken);
  }
  return Ended(io, answered ? kBroken : "");
}

}  // namespace

ExchangeResult ExchangeHttp1(ByteStream& stream,
                             const ExchangeOptions& options,
                             const Patience& patience) {
  const IoResult written = stream.Write(options.request, patience);
  if (!written.ok()) {
    return Ended(written, written.bytes > 0 ? kBroken : "");
  }
  ExchangeResult result = ReadResponse(stream, options, patience);
  result.request_sent = true;
  return result;
}

}  // namespace netcheck::probe
