#include "checks/grpc_call.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

#include "checks/go_quote.h"
#include "checks/grpc_health.h"
#include "checks/grpc_status_details.h"
#include "checks/http2_code.h"

namespace netcheck::probe {
namespace {

using Kind = Http2Event::Kind;

constexpr std::size_t kPrefixBytes = 5;
/// grpc-go's defaultClientMaxReceiveMessageSize.
constexpr std::size_t kMaxMessageBytes = 4U << 20U;

/// strconv.ParseInt(text, 10, 32); nullopt with Go's words for why in `error`.
std::optional<std::int32_t> ParseInt32(const std::string& text, std::string& error) {
  std::string_view digits = text;
  if (digits.starts_with('+')) {
    digits.remove_prefix(1);
  }
  const bool signed_twice = digits.size() < text.size() && digits.starts_with('-');
  std::int32_t number = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = end == digits.data() + digits.size() && !signed_twice;
  if (whole && code == std::errc()) {
    return number;
  }
  const bool too_large = whole && code == std::errc::result_out_of_range;
  error = "strconv.ParseInt: parsing " + GoQuote(text) + ": " +
          (too_large ? "value out of range" : "invalid syntax");
  return std::nullopt;
}

/// What operateHeaders finds in a header list.
struct Head {
  bool is_grpc = false;
  std::string content_type_error = "malformed header: missing HTTP content-type";
  std::string http_error;
  std::optional<int> http_status;
  GrpcStatus status{GrpcCode::kUnknown, ""};
  std::string encoding;
  std::vector<std::string> details;  ///< Values of grpc-status-details-bin.
  std::string fault;                 ///< Of a number that is none.
  std::string metadata_fault;        ///< Of the last value that is not base64.
};

void TakeHttpStatus(const std::string& value, Head& head) {
  std::string error;
  head.http_status = ParseInt32(value, error);
  if (!head.http_status) {
    head.fault = "transport: malformed http-status: " + error;
  } else if (value == "200") {
    head.http_error.clear();
  } else {
    head.http_error =
        "unexpected HTTP status code received from server: " + std::to_string(*head.http_status) +
        " (" + HttpStatusText(*head.http_status) + ")";
  }
}

/// decodeMetadataHeader
void TakeBinary(const Http2Field& field, Head& head) {
  std::string bytes;
  if (const std::string error = DecodeBase64(field.value, bytes); !error.empty()) {
    head.metadata_fault = "transport: malformed " + field.name + ": " + error;
  } else if (field.name == "grpc-status-details-bin") {
    head.details.push_back(bytes);
  }
}

void TakeField(const Http2Field& field, Head& head) {
  if (field.name == "content-type") {
    const bool valid = IsGrpcContentType(field.value);
    head.content_type_error =
        valid ? "" : "transport: received unexpected content-type " + GoQuote(field.value);
    head.is_grpc = head.is_grpc || valid;
  } else if (field.name == "grpc-encoding") {
    head.encoding = field.value;
  } else if (field.name == "grpc-status") {
    std::string error;
    const auto code = ParseInt32(field.value, error);
    if (!code) {
      head.fault = "transport: malformed grpc-status: " + error;
    }
    head.status.code = static_cast<GrpcCode>(static_cast<std::uint32_t>(code.value_or(0)));
  } else if (field.name == "grpc-message") {
    head.status.message = DecodeGrpcMessage(field.value);
  } else if (field.name == ":status") {
    TakeHttpStatus(field.value, head);
  } else if (field.name.ends_with("-bin")) {
    TakeBinary(field, head);
  }
}

Head ReadHead(const Http2Fields& fields, bool initial) {
  Head head;
  head.is_grpc = !initial;
  head.http_error = initial ? "malformed header: missing HTTP status" : "";
  for (const Http2Field& field : fields) {
    TakeField(field, head);
    if (!head.fault.empty()) {
      break;
    }
  }
  return head;
}

/// What is said of a response that is not gRPC's.
GrpcStatus NoGrpc(const Head& head) {
  const GrpcCode code =
      head.http_status ? CodeOfHttpStatus(*head.http_status) : GrpcCode::kInternal;
  std::string message = head.http_error;
  if (!message.empty() && !head.content_type_error.empty()) {
    message += "; ";
  }
  return {code, message + head.content_type_error};
}

}  // namespace

void GrpcCall::Take(const Http2Event& event, bool more) {
  const bool of_stream = event.kind == Kind::kHeaders || event.kind == Kind::kData ||
                         event.kind == Kind::kReset || event.kind == Kind::kStreamFault;
  if (!close_ || !of_stream) {
    TakeOne(event);
  }
  if (!more || (close_ && draining())) {
    Read();
  }
}

void GrpcCall::TakeOne(const Http2Event& event) {
  switch (event.kind) {
    case Kind::kSettings:
      break;
    case Kind::kHeaders:
      TakeHeaders(event);
      break;
    case Kind::kData:
      TakeData(event);
      break;
    case Kind::kReset:
      TakeReset(event.code);
      break;
    case Kind::kGoAway:
      TakeGoAway(event);
      break;
    case Kind::kStreamFault:
      CloseWith(CodeOfHttp2Error(event.code), "received invalid frame");
      break;
    case Kind::kConnectionFault:
      TakeConnectionEnd(event.text);
      break;
    case Kind::kClosed:
      TakeConnectionEnd(event.io.error);
      break;
  }
}

std::optional<std::uint32_t> GrpcCall::reset() const {
  return close_ ? close_->reset : kHttp2Cancel;
}

/// operateHeaders, and reader() for what the framer refuses.
void GrpcCall::TakeHeaders(const Http2Event& event) {
  const bool initial = !has_headers_;
  if (!event.headers.fault().empty()) {
    return CloseWith(GrpcCode::kInternal, event.headers.fault(), kHttp2ProtocolError);
  }
  if (!initial && !event.end_stream) {
    return CloseWith(GrpcCode::kInternal,
                     "a HEADERS frame cannot appear in the middle of a stream",
                     kHttp2ProtocolError);
  }
  if (event.headers.truncated()) {
    return CloseWith(
        GrpcCode::kInternal, "peer header list size exceeded limit", kHttp2FrameSizeError);
  }
  const Head head = ReadHead(event.headers.fields(), initial);
  http_status_ = initial ? head.http_status.value_or(0) : http_status_;
  if (!head.fault.empty()) {
    return CloseWith(GrpcCode::kInternal, head.fault, kHttp2ProtocolError);
  }
  if (!head.is_grpc || !head.http_error.empty()) {
    return CloseStream({false, NoGrpc(head), kHttp2ProtocolError});
  }
  if (!head.metadata_fault.empty()) {
    return CloseWith(GrpcCode::kInternal, head.metadata_fault, kHttp2ProtocolError);
  }
  has_headers_ = true;
  if (event.end_stream) {
    CloseStream({true, WithDetails(head.status, head.details), {}});
  } else {
    encoding_ = head.encoding;
  }
}

/// handleData
void GrpcCall::TakeData(const Http2Event& event) {
  buffer_ += event.text;
  if (event.end_stream) {
    CloseStream(
        {true, {GrpcCode::kInternal, "server closed the stream without sending trailers"}, {}});
  }
}

/// handleRSTStream
void GrpcCall::TakeReset(std::uint32_t code) {
  unprocessed_ = code == kHttp2RefusedStream;
  GrpcCode status = CodeOfHttp2Error(code);
  if (status == GrpcCode::kCanceled && deadline_passed_()) {
    status = GrpcCode::kDeadlineExceeded;
  }
  CloseWith(status, "stream terminated by RST_STREAM with error code: " + Http2CodeName(code));
}

/// handleGoAway
void GrpcCall::TakeGoAway(const Http2Event& event) {
  if (event.last_stream > 0 && event.last_stream % 2 == 0) {
    return;
  }
  if (!go_away_) {
    go_away_ = "code: " + Http2CodeName(event.code);
    if (!event.text.empty()) {
      *go_away_ += ", debug data: " + GoQuote(event.text);
    }
  }
  if (event.last_stream == 0 && !close_) {
    unprocessed_ = true;
    CloseWith(GrpcCode::kUnavailable, "the connection is draining");
  }
}

/// http2Client.Close
void GrpcCall::TakeConnectionEnd(const std::string& cause) {
  lost_ = true;
  const std::string text = "error reading from server: " + cause;
  CloseWith(GrpcCode::kUnavailable,
            !go_away_ ? text
                      : "closing transport due to: connection error: desc = " + GoQuote(text) +
                            ", received prior goaway: " + *go_away_);
}

void GrpcCall::CloseStream(Close close) {
  if (!close_) {
    close_ = std::move(close);
  }
}

/// RecvMsg: the message, then the stream's end.
void GrpcCall::Read() {
  if (!has_headers_ && !close_) {
    return;
  }
  while (!reply_ && ReadMessage()) {
  }
  if (!reply_ && close_) {
    ReadClose();
  }
}

/// parser.recvMsg and recv; false when there is no further message to read yet.
bool GrpcCall::ReadMessage() {
  if (buffer_.size() < kPrefixBytes) {
    return false;
  }
  std::size_t size = 0;
  for (std::size_t i = 1; i < kPrefixBytes; ++i) {
    size = size << 8U | static_cast<unsigned char>(buffer_[i]);
  }
  if (size > kMaxMessageBytes) {
    Finish({GrpcCode::kResourceExhausted,
            "grpc: received message larger than max (" + std::to_string(size) + " vs. " +
                std::to_string(kMaxMessageBytes) + ")"});
    return false;
  }
  if (buffer_.size() < kPrefixBytes + size) {
    return false;
  }
  const std::string message = buffer_.substr(kPrefixBytes, size);
  const auto format = static_cast<unsigned char>(buffer_[0]);
  buffer_.erase(0, kPrefixBytes + size);
  if (Unpack(message, format) && ++messages_ > 1) {
    Finish(
        {GrpcCode::kUnknown, "grpc: client streaming protocol violation: get <nil>, want <EOF>"});
  }
  return !reply_;
}

/// checkRecvPayload and the decoding of the message.
bool GrpcCall::Unpack(std::string_view message, unsigned format) {
  if (format == 1) {
    const bool plain = encoding_.empty() || encoding_ == "identity";
    Finish({GrpcCode::kInternal,
            plain ? "grpc: compressed flag set with identity or empty encoding"
                  : "grpc: Decompressor is not installed for grpc-encoding " + GoQuote(encoding_)});
  } else if (format > 1) {
    Finish({GrpcCode::kInternal,
            "grpc: received unexpected payload format " + std::to_string(format)});
  } else if (const auto serving = DecodeHealthStatus(message)) {
    serving_ = *serving;
  } else {
    Finish({GrpcCode::kInternal,
            "grpc: failed to unmarshal the received message: proto: cannot parse invalid "
            "wire-format data"});
  }
  return !reply_;
}

void GrpcCall::ReadClose() {
  if (!close_->regular) {
    return Finish(close_->status);
  }
  if (buffer_.size() >= kPrefixBytes) {
    return Finish({GrpcCode::kInternal, "unexpected EOF"});
  }
  Finish(close_->status);
  reply_->end_without_answer = messages_ == 0 && close_->status.code == GrpcCode::kOk;
}

}  // namespace netcheck::probe
