#include "checks/http2_exchange.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "checks/go_quote.h"
#include "checks/http2_code.h"
#include "checks/http2_session.h"

namespace netcheck::probe {
namespace {

using Kind = Http2Event::Kind;
using Status = ExchangeResult::Status;

/// What kubelet's transport announces (newClientConn, configFromTransport).
Http2Announcement TransportAnnouncement() {
  constexpr std::int32_t kEnablePush = 2;
  constexpr std::int32_t kInitialWindowSize = 4;
  constexpr std::int32_t kMaxFrameSize = 5;
  constexpr std::int32_t kMaxHeaderListSize = 6;
  return {{{kEnablePush, 0},
           {kInitialWindowSize, 4U << 20U},
           {kMaxFrameSize, 16384},
           {kMaxHeaderListSize, kMaxHeaderListBytes}},
          1U << 30U,
          ""};
}

/// How long to wait for the goodbye to be sent.
constexpr std::chrono::milliseconds kGoodbyeLimit{100};

/// Go's StreamError.Error.
std::string StreamError(std::uint32_t code, const std::string& cause) {
  const std::string text = "stream error: stream ID 1; " + Http2CodeName(code);
  return cause.empty() ? text : text + "; " + cause;
}

/// canRetryError, of a stream that the server ended.
bool IsWorthRetry(std::uint32_t code) {
  return code == kHttp2RefusedStream || code == kHttp2ProtocolError;
}

/// Go's strconv.Atoi for what a :status may reasonably be.
std::optional<int> ParseStatus(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) {
      return std::nullopt;
    }
  }
  int status = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(status) : std::nullopt;
}

/// -1 where Go doesn't know the length either (handleResponse).
std::int64_t ContentLength(const HttpHeaders& headers, bool end_stream) {
  const auto it = headers.find("Content-Length");
  if (it == headers.end()) {
    return end_stream ? 0 : -1;
  }
  std::uint64_t length = 0;
  const std::string& text = it->second.front();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  const bool known = it->second.size() == 1 && whole && length <= INT64_MAX;
  return known ? static_cast<std::int64_t>(length) : -1;
}

/// One request's response. Where it ends, result() says how.
class Exchange {
 public:
  explicit Exchange(const ExchangeOptions& options) : options_(options) {}

  /// False when the exchange ended.
  bool Take(const Http2Event& event);
  /// To be called with what came together with the exchange's end: Go's reader is faster than who
  /// waits for the answer.
  void TakeLate(const Http2Event& event);
  /// What to end the stream with; nullopt if the server has ended it.
  [[nodiscard]] std::optional<std::uint32_t> reset() const;
  ExchangeResult& result() { return result_; }

 private:
  bool TakeHeaders(const Http2Event& event);
  bool TakeResponse(const Http2Event& event, int status);
  bool TakeTrailers(const Http2Event& event);
  bool TakeData(const Http2Event& event);
  bool TakeGoAway(const Http2Event& event);
  bool TakeEnd(const IoResult& io);
  bool EndStream();
  bool CompleteIfLimited();
  bool Fail(std::string error);
  bool FailConnection(std::string error);
  bool FailStream(const std::string& cause) {
    reset_ = kHttp2ProtocolError;
    return Fail(StreamError(kHttp2ProtocolError, cause));
  }
  bool Retry();

  const ExchangeOptions& options_;
  ExchangeResult result_;
  bool answered_ = false;
  bool has_head_ = false;
  bool ended_ = false;  ///< The stream, by the server.
  bool lost_ = false;   ///< The connection.
  std::optional<std::uint32_t> reset_;
  std::size_t body_limit_ = kMaxBodyBytes;
  std::size_t informational_bytes_ = 0;
  std::optional<Http2Event> go_away_;
};

bool Exchange::Take(const Http2Event& event) {
  switch (event.kind) {
    case Kind::kSettings:
      return true;
    case Kind::kHeaders:
      return TakeHeaders(event);
    case Kind::kData:
      return has_head_ ? TakeData(event) : FailStream("");
    case Kind::kReset:
      return !has_head_ && IsWorthRetry(event.code)
                 ? Retry()
                 : Fail(StreamError(event.code, "received from peer"));
    case Kind::kGoAway:
      return TakeGoAway(event);
    case Kind::kStreamFault:
      return Fail(StreamError(event.code, ""));
    case Kind::kConnectionFault:
      return FailConnection(event.text);
    case Kind::kClosed:
      return TakeEnd(event.io);
  }
  return false;
}

void Exchange::TakeLate(const Http2Event& event) {
  ended_ = ended_ || event.end_stream || event.kind == Kind::kReset;
  lost_ = lost_ || event.kind == Kind::kConnectionFault || event.kind == Kind::kClosed;
}

std::optional<std::uint32_t> Exchange::reset() const {
  return lost_ || (reset_ == kHttp2Cancel && ended_) ? std::nullopt : reset_;
}

bool Exchange::TakeHeaders(const Http2Event& event) {
  if (!answered_ && options_.on_first_byte) {
    options_.on_first_byte();
  }
  answered_ = true;
  // readMetaFrame, then processHeaders
  if (!event.headers.fault().empty()) {
    return FailStream(event.headers.fault());
  }
  if (has_head_) {
    return TakeTrailers(event);
  }
  if (event.headers.truncated()) {
    return FailStream("http2: response header list larger than advertised limit");
  }
  const std::string* text = FindField(event.headers.fields(), ":status");
  if (text == nullptr || text->empty()) {
    return FailStream("malformed response from server: missing status pseudo header");
  }
  const auto status = ParseStatus(*text);
  if (!status) {
    return FailStream("malformed response from server: malformed non-numeric status pseudo header");
  }
  if (*status < 100 || *status > 199) {
    return TakeResponse(event, *status);
  }
  if (event.end_stream) {
    return FailStream("1xx informational response with END_STREAM flag");
  }
  informational_bytes_ += event.headers.bytes();
  return informational_bytes_ <= kMaxHeaderListBytes || FailStream("header list too large");
}

/// handleResponse
bool Exchange::TakeResponse(const Http2Event& event, int status) {
  has_head_ = true;
  HttpResponse& response = result_.response;
  response.status = status;
  for (const Http2Field& field : event.headers.fields()) {
    if (!field.name.starts_with(':')) {
      response.headers[CanonicalHeaderName(field.name)].push_back(field.value);
    }
  }
  response.content_length = ContentLength(response.headers, event.end_stream);
  if (event.end_stream) {
    return EndStream();
  }
  if (options_.body_limit) {
    body_limit_ = options_.body_limit(response);
  }
  return CompleteIfLimited();
}

/// processTrailers
bool Exchange::TakeTrailers(const Http2Event& event) {
  if (!event.end_stream || event.headers.has_pseudo()) {
    return FailConnection("connection error: PROTOCOL_ERROR");
  }
  return EndStream();
}

/// processData and transportResponseBody.Read
bool Exchange::TakeData(const Http2Event& event) {
  HttpResponse& response = result_.response;
  std::string_view data = event.text;
  ended_ = ended_ || event.end_stream;
  bool excess = false;
  if (response.content_length >= 0) {
    const std::size_t left =
        static_cast<std::size_t>(response.content_length) - response.body.size();
    excess = data.size() > left;
    data = data.substr(0, left);
  }
  response.body += data.substr(0, body_limit_ - response.body.size());
  if (!CompleteIfLimited()) {
    return false;
  }
  if (excess) {
    reset_ = kHttp2Cancel;
    return Fail("net/http: server replied with more than declared Content-Length; truncated");
  }
  return !event.end_stream || EndStream();
}

bool Exchange::EndStream() {
  const HttpResponse& response = result_.response;
  const auto size = static_cast<std::int64_t>(response.body.size());
  if (response.content_length > size) {
    result_.body_error = "unexpected EOF";
  }
  return false;
}

bool Exchange::CompleteIfLimited() {
  if (result_.response.body.size() < body_limit_) {
    return true;
  }
  reset_ = kHttp2Cancel;
  return false;
}

/// setGoAway
bool Exchange::TakeGoAway(const Http2Event& event) {
  std::uint32_t code = event.code;
  if (go_away_ && go_away_->code != kHttp2NoError) {
    code = go_away_->code;
  }
  const std::string debug_data = go_away_ && !go_away_->text.empty() ? go_away_->text : event.text;
  go_away_ = event;
  go_away_->code = code;
  go_away_->text = debug_data;
  if (event.last_stream >= 1) {
    return true;
  }
  reset_ = kHttp2Cancel;
  if (code != kHttp2NoError) {
    return Fail("http2: Transport received GOAWAY from server ErrCode:" + Http2CodeName(code));
  }
  return has_head_ ? Fail("http2: Transport received Server's graceful shutdown GOAWAY") : Retry();
}

/// clientConnReadLoop.cleanup
bool Exchange::TakeEnd(const IoResult& io) {
  switch (io.status) {
    case IoResult::Status::kStopped:
      result_.status = Status::kStopped;
      return false;
    case IoResult::Status::kExpired:
      reset_ = kHttp2Cancel;
      if (has_head_) {
        return Fail(
            "context deadline exceeded (Client.Timeout or context cancellation while reading "
            "body)");
      }
      result_.status = Status::kExpired;
      return false;
    default:
      lost_ = true;
      break;
  }
  const bool ended = io.status == IoResult::Status::kEnd;
  if (go_away_ && io.error != "unexpected EOF" && (ended || io.error.starts_with("read "))) {
    return Fail("http2: server sent GOAWAY and closed the connection; LastStreamID=" +
                std::to_string(go_away_->last_stream) + ", ErrCode=" +
                Http2CodeName(go_away_->code) + ", debug=" + GoQuote(go_away_->text));
  }
  return Fail(ended ? "unexpected EOF" : io.error);
}

bool Exchange::Fail(std::string error) {
  if (has_head_) {
    result_.body_error = std::move(error);
  } else {
    result_.status = Status::kFailed;
    result_.error = std::move(error);
  }
  return false;
}

bool Exchange::FailConnection(std::string error) {
  lost_ = true;
  return Fail(std::move(error));
}

bool Exchange::Retry() {
  result_.status = Status::kRetry;
  return false;
}

}  // namespace

ExchangeResult ExchangeHttp2(ByteStream& stream,
                             const Http2Fields& request,
                             const ExchangeOptions& options,
                             const Patience& patience) {
  Http2Session session(stream, TransportAnnouncement());
  session.Request(request);
  Exchange exchange(options);
  while (exchange.Take(session.Next(patience))) {
  }
  while (session.has_event()) {
    exchange.TakeLate(session.Next(patience));
  }
  session.Finish(exchange.reset(),
                 {std::chrono::steady_clock::now() + kGoodbyeLimit, patience.stop});
  exchange.result().request_sent = session.request_sent();
  return std::move(exchange.result());
}

}  // namespace netcheck::probe
