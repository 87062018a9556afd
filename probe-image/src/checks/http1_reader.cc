#include "checks/http1_reader.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "checks/go_quote.h"

namespace netcheck::probe {
namespace {

/// Size of the buffer that Go's transport reads through: no chunk-size line and no trailer may be
/// longer.
constexpr std::size_t kGoBufferBytes = 4096;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::string BadString(const char* what, std::string_view text) {
  return std::string(what) + " " + GoQuote(text);
}

/// Go's strconv.ParseUint(text, 10, 63).
std::optional<std::int64_t> ParseLength(std::string_view text) {
  std::int64_t value = 0;
  if (text.empty() || !std::all_of(text.begin(), text.end(), IsDigit)) {
    return std::nullopt;
  }
  for (const char c : text) {
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, c - '0', &value)) {
      return std::nullopt;
    }
  }
  return value;
}

std::string QuoteList(const std::vector<std::string>& values) {
  std::string text = "[";
  for (const std::string& value : values) {
    text += (text.size() > 1 ? " " : "") + GoQuote(value);
  }
  return text + "]";
}

/// The size in a chunk's first line; -1 with a reason for none.
std::optional<std::uint64_t> ParseChunkSize(std::string_view text, std::string& error) {
  constexpr std::size_t kMaxDigits = 16;
  if (text.empty()) {
    error = "empty hex number for chunk length";
    return std::nullopt;
  }
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char lower = static_cast<char>(c | 0x20);
    unsigned digit = 0;
    if (IsDigit(c)) {
      digit = static_cast<unsigned>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      digit = static_cast<unsigned>(lower - 'a') + 10;
    } else {
      error = "invalid byte in chunk length";
      return std::nullopt;
    }
    if (i == kMaxDigits) {
      error = "http chunk length too large";
      return std::nullopt;
    }
    size = size << 4U | digit;
  }
  return size;
}

/// Whether an HTTP version is "HTTP/D.D"; `at_least_1_1` for those that know Transfer-Encoding.
bool ParseVersion(std::string_view text, bool& at_least_1_1) {
  if (text.size() != 8 || text.substr(0, 5) != "HTTP/" || !IsDigit(text[5]) || text[6] != '.' ||
      !IsDigit(text[7])) {
    return false;
  }
  at_least_1_1 = text[5] > '1' || (text[5] == '1' && text[7] >= '1');
  return true;
}

}  // namespace

void Http1Reader::Feed(std::string_view bytes) {
  if (state_ == State::kDone || state_ == State::kFailed) {
    return;
  }
  buffer_ += bytes;
  while (state_ != State::kDone && state_ != State::kFailed && Step()) {
  }
  buffer_.erase(0, at_);
  searched_ -= std::min(searched_, at_);
  at_ = 0;
  if (state_ == State::kHead && head_bytes_ + buffer_.size() > kMaxHeadBytes) {
    Fail("net/http: server response headers exceeded " + std::to_string(kMaxHeadBytes) +
         " bytes; aborted");
  }
}

void Http1Reader::End() {
  ended_ = true;
  Feed("");
  if (state_ == State::kDone || state_ == State::kFailed) {
    return;
  }
  if (state_ == State::kBody && expect_ == Expect::kUntilClose) {
    Finish();
  } else {
    Fail("unexpected EOF");
  }
}

void Http1Reader::LimitBody(std::size_t bytes) {
  body_limit_ = bytes;
  if (state_ == State::kBody && response_.body.size() >= body_limit_) {
    Finish();
  }
}

/// Consumes what the buffer holds of one thing; false if there is not enough of it.
bool Http1Reader::Step() {
  switch (expect_) {
    case Expect::kStatusLine:
    case Expect::kHeaderLine:
      return StepHeadLine();
    case Expect::kFixedBody:
    case Expect::kChunkData:
    case Expect::kUntilClose:
      return TakeBody();
    case Expect::kChunkSize:
      return TakeChunkSize();
    case Expect::kChunkEnd:
      return TakeChunkEnd();
    case Expect::kTrailer:
      return TakeTrailer();
  }
  return false;
}

bool Http1Reader::StepHeadLine() {
  const std::size_t newline = buffer_.find('\n', std::max(at_, searched_));
  if (newline == std::string::npos) {
    searched_ = buffer_.size();
    if (!ended_ || Rest().empty()) {
      return false;
    }
  }
  const std::size_t end = std::min(newline, buffer_.size());
  std::string_view line = Rest().substr(0, end - at_);
  if (newline != std::string::npos && !line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
  }
  const std::size_t consumed = std::min(end + 1, buffer_.size());
  head_bytes_ += consumed - at_;
  at_ = consumed;
  if (expect_ == Expect::kStatusLine) {
    TakeStatusLine(line);
    return true;
  }
  switch (header_.AddLine(line)) {
    case MimeHeaderReader::State::kMore:
      break;
    case MimeHeaderReader::State::kEnd:
      FinishHead();
      break;
    case MimeHeaderReader::State::kFailed:
      Fail(header_.error());
      break;
  }
  return true;
}

void Http1Reader::TakeStatusLine(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) {
    return Fail(BadString("malformed HTTP response", line));
  }
  std::string_view status = line.substr(space + 1);
  status.remove_prefix(std::min(status.find_first_not_of(' '), status.size()));
  const std::string_view code = status.substr(0, status.find(' '));
  // Go reads the code as a signed number: "+20" is one.
  const bool sign = !code.empty() && code[0] == '+';
  const std::string_view digits = code.substr(sign ? 1 : 0);
  if (code.size() != 3 || !std::all_of(digits.begin(), digits.end(), IsDigit)) {
    return Fail(BadString("malformed HTTP status code", code));
  }
  const std::string_view version = line.substr(0, space);
  if (!ParseVersion(version, is_http_1_1_)) {
    return Fail(BadString("malformed HTTP version", version));
  }
  response_ = HttpResponse{};
  for (const char c : digits) {
    response_.status = response_.status * 10 + (c - '0');
  }
  header_ = MimeHeaderReader();
  expect_ = Expect::kHeaderLine;
}

void Http1Reader::FinishHead() {
  response_.headers = header_.headers();
  bool chunked = false;
  if (!TakeTransferEncoding(chunked) || !TakeContentLength()) {
    return;
  }
  const int status = response_.status;
  const bool informational = status >= 100 && status <= 199;
  const bool bodiless = informational || status == 204 || status == 304;
  if (bodiless) {
    response_.content_length = 0;
  } else if (chunked) {
    response_.content_length = -1;
  }
  if (chunked && !CheckTrailerNames()) {
    return;
  }
  if (informational && status != 101) {
    expect_ = Expect::kStatusLine;
    return;
  }
  state_ = State::kBody;
  head_complete_ = true;
  const bool switches = status == 101 && !FirstValue(response_.headers, "Upgrade").empty() &&
                        HasToken(response_.headers, "Connection", "Upgrade");
  if (switches) {
    expect_ = Expect::kUntilClose;
  } else if (bodiless) {
    Finish();
  } else if (chunked) {
    expect_ = Expect::kChunkSize;
  } else {
    BeginBody();
  }
}

void Http1Reader::BeginBody() {
  if (response_.content_length == 0) {
    return Finish();
  }
  if (response_.content_length < 0) {
    expect_ = Expect::kUntilClose;
    return;
  }
  expect_ = Expect::kFixedBody;
  remaining_ = static_cast<std::uint64_t>(response_.content_length);
}

bool Http1Reader::TakeTransferEncoding(bool& chunked) {
  const auto field = response_.headers.find("Transfer-Encoding");
  if (field == response_.headers.end() || !is_http_1_1_) {
    return true;
  }
  const std::vector<std::string>& values = field->second;
  if (values.size() != 1) {
    Fail("too many transfer encodings: " + QuoteList(values));
  } else if (!EqualFold(values[0], "chunked")) {
    Fail("unsupported transfer encoding: " + GoQuote(values[0]));
  } else {
    chunked = true;
  }
  return chunked;
}

bool Http1Reader::TakeContentLength() {
  const auto field = response_.headers.find("Content-Length");
  if (field == response_.headers.end()) {
    return true;
  }
  const std::vector<std::string>& values = field->second;
  const std::string_view first = TrimBlanks(values[0]);
  for (const std::string& value : values) {
    if (TrimBlanks(value) != first) {
      Fail("http: message cannot contain multiple Content-Length headers; got " +
           QuoteList(values));
      return false;
    }
  }
  const auto length = ParseLength(first);
  if (!length) {
    Fail(BadString(first.empty() ? "invalid empty Content-Length" : "bad Content-Length", first));
    return false;
  }
  response_.content_length = *length;
  return true;
}

/// A trailer may not announce the fields that frame the message.
bool Http1Reader::CheckTrailerNames() {
  for (const char* name : {"Transfer-Encoding", "Trailer", "Content-Length"}) {
    if (HasToken(response_.headers, "Trailer", name)) {
      Fail(BadString("bad trailer key", name));
      return false;
    }
  }
  return true;
}

bool Http1Reader::TakeBody() {
  std::size_t size = Rest().size();
  if (expect_ != Expect::kUntilClose) {
    size = static_cast<std::size_t>(std::min<std::uint64_t>(size, remaining_));
  }
  size = std::min(size, body_limit_ - std::min(body_limit_, response_.body.size()));
  response_.body += Rest().substr(0, size);
  at_ += size;
  remaining_ -= std::min<std::uint64_t>(remaining_, size);
  const bool complete = expect_ == Expect::kFixedBody && remaining_ == 0;
  if (complete || response_.body.size() >= body_limit_) {
    Finish();
  } else if (expect_ == Expect::kChunkData && remaining_ == 0) {
    expect_ = Expect::kChunkEnd;
    return true;
  }
  return false;
}

bool Http1Reader::TakeChunkSize() {
  const std::string_view rest = Rest().substr(0, kGoBufferBytes);
  const std::size_t newline = rest.find('\n');
  if (newline == std::string_view::npos) {
    if (rest.size() == kGoBufferBytes) {
      Fail("header line too long");
    }
    return false;
  }
  const std::string_view line = rest.substr(0, newline);
  at_ += newline + 1;
  const std::size_t carriage = line.find('\r');
  if (carriage == std::string_view::npos) {
    Fail("chunked line ends with bare LF");
  } else if (carriage + 1 != line.size()) {
    Fail("invalid CR in chunked line");
  } else {
    BeginChunk(line.substr(0, carriage));
  }
  return true;
}

void Http1Reader::BeginChunk(std::string_view line) {
  // Go's defence against chunks that are mostly framing.
  constexpr std::int64_t kOverheadPerChunk = 16;
  constexpr std::int64_t kMaxExcess = 16384;
  chunk_excess_ += static_cast<std::int64_t>(line.size()) + 2;
  line = line.substr(0, line.find_last_not_of(" \t") + 1);
  std::string error;
  const auto size = ParseChunkSize(line.substr(0, line.find(';')), error);
  if (!size) {
    return Fail(std::move(error));
  }
  const auto twice = static_cast<std::int64_t>(std::min<std::uint64_t>(*size, 1U << 30U) * 2);
  chunk_excess_ = std::max<std::int64_t>(chunk_excess_ - kOverheadPerChunk - twice, 0);
  if (chunk_excess_ > kMaxExcess) {
    return Fail("chunked encoding contains too much non-data");
  }
  remaining_ = *size;
  expect_ = *size == 0 ? Expect::kTrailer : Expect::kChunkData;
}

bool Http1Reader::TakeChunkEnd() {
  if (Rest().size() < 2) {
    return false;
  }
  if (Rest().substr(0, 2) != "\r\n") {
    Fail("malformed chunked encoding");
    return false;
  }
  at_ += 2;
  expect_ = Expect::kChunkSize;
  return true;
}

bool Http1Reader::TakeTrailer() {
  const std::string_view rest = Rest().substr(0, kGoBufferBytes);
  if (rest.substr(0, 2) == "\r\n") {
    Finish();
    return true;
  }
  if (rest.size() < 2) {
    if (ended_) {
      Fail("http: unexpected EOF reading trailer");
    }
    return false;
  }
  const std::size_t end = rest.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (ended_ || rest.size() == kGoBufferBytes) {
      Fail("http: suspiciously long trailer after chunked body");
    }
    return false;
  }
  MimeHeaderReader trailer;
  std::string_view lines = rest.substr(0, end + 4);
  auto state = MimeHeaderReader::State::kMore;
  while (state == MimeHeaderReader::State::kMore) {
    const std::size_t newline = lines.find('\n');
    std::string_view line = lines.substr(0, newline);
    lines.remove_prefix(newline + 1);
    if (!line.empty() && line.back() == '\r') {
      line.remove_suffix(1);
    }
    state = trailer.AddLine(line);
  }
  if (state == MimeHeaderReader::State::kFailed) {
    Fail(trailer.error());
  } else {
    Finish();
  }
  return true;
}

void Http1Reader::Fail(std::string error) {
  error_ = std::move(error);
  state_ = State::kFailed;
}

}  // namespace netcheck::probe
