#include "checks/http1_head.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "checks/go_quote.h"
#include "checks/mime_header.h"

namespace netcheck::probe {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

/// badStringError
ReadError BadString(const char* what, std::string_view text) {
  return Failure(std::string(what) + " " + GoQuote(text));
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

/// ParseHTTPVersion, and whether it is one that knows Transfer-Encoding. HTTP/0.0 counts as 1.1.
bool ParseVersion(std::string_view text, bool& at_least_1_1) {
  if (text.size() != 8 || text.substr(0, 5) != "HTTP/" || !IsDigit(text[5]) || text[6] != '.' ||
      !IsDigit(text[7])) {
    return false;
  }
  const std::string_view number = text.substr(5);
  at_least_1_1 = number == "0.0" || number >= "1.1";
  return true;
}

/// What is known of a response before its headers.
struct StatusLine {
  int status = 0;
  bool at_least_1_1 = true;
};

/// The first half of ReadResponse.
ReadError ParseStatusLine(std::string_view line, StatusLine& parsed) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) {
    return BadString("malformed HTTP response", line);
  }
  std::string_view status = line.substr(space + 1);
  status.remove_prefix(std::min(status.find_first_not_of(' '), status.size()));
  const std::string_view code = status.substr(0, status.find(' '));
  // Go reads the code as a signed number: "+20" is one, and so is "-00".
  const bool sign = code.starts_with('+') || code.starts_with('-');
  const std::string_view digits = code.substr(sign ? 1 : 0);
  if (code.size() != 3 || !std::all_of(digits.begin(), digits.end(), IsDigit) ||
      (code[0] == '-' && digits != "00")) {
    return BadString("malformed HTTP status code", code);
  }
  for (const char c : digits) {
    parsed.status = parsed.status * 10 + (c - '0');
  }
  const std::string_view version = line.substr(0, space);
  if (!ParseVersion(version, parsed.at_least_1_1)) {
    return BadString("malformed HTTP version", version);
  }
  return {};
}

/// transferReader.parseTransferEncoding
ReadError TakeTransferEncoding(const HttpHeaders& headers, bool at_least_1_1, bool& chunked) {
  const auto field = headers.find("Transfer-Encoding");
  if (field == headers.end() || !at_least_1_1) {
    return {};
  }
  const std::vector<std::string>& values = field->second;
  if (values.size() != 1) {
    return Failure("too many transfer encodings: " + QuoteList(values));
  }
  if (!EqualFold(values[0], "chunked")) {
    return Failure("unsupported transfer encoding: " + GoQuote(values[0]));
  }
  chunked = true;
  return {};
}

/// The part of fixLength that reads Content-Length.
ReadError TakeContentLength(const HttpHeaders& headers, std::int64_t& length) {
  const auto field = headers.find("Content-Length");
  if (field == headers.end()) {
    return {};
  }
  const std::vector<std::string>& values = field->second;
  const std::string_view first = TrimBlanks(values[0]);
  for (const std::string& value : values) {
    if (TrimBlanks(value) != first) {
      return Failure("http: message cannot contain multiple Content-Length headers; got " +
                     QuoteList(values));
    }
  }
  const auto parsed = ParseLength(first);
  if (!parsed) {
    return BadString(first.empty() ? "invalid empty Content-Length" : "bad Content-Length", first);
  }
  length = *parsed;
  return {};
}

/// fixTrailer: a trailer may not announce the fields that frame the message.
ReadError CheckTrailerNames(const HttpHeaders& headers) {
  for (const char* name : {"Transfer-Encoding", "Trailer", "Content-Length"}) {
    if (HasToken(headers, "Trailer", name)) {
      return BadString("bad trailer key", name);
    }
  }
  return {};
}

bool IsInformational(int status) {
  return status >= 100 && status <= 199;
}

/// src/net/http/transfer.go, readTransfer, and Response.isProtocolSwitch.
ReadError TakeFraming(bool at_least_1_1, Http1Head& head) {
  HttpResponse& response = head.response;
  bool chunked = false;
  if (auto error = TakeTransferEncoding(response.headers, at_least_1_1, chunked)) {
    return error;
  }
  if (auto error = TakeContentLength(response.headers, response.content_length)) {
    return error;
  }
  const int status = response.status;
  if (IsInformational(status) || status == 204 || status == 304) {
    response.content_length = 0;
  } else if (chunked) {
    response.content_length = -1;
  }
  if (chunked) {
    if (auto error = CheckTrailerNames(response.headers)) {
      return error;
    }
  }
  const bool switches = status == 101 && !FirstValue(response.headers, "Upgrade").empty() &&
                        HasToken(response.headers, "Connection", "Upgrade");
  if (switches) {
    head.framing = BodyFraming::kSwitched;
  } else if (response.content_length == 0) {
    head.framing = BodyFraming::kNone;
  } else if (response.content_length > 0) {
    head.framing = BodyFraming::kLength;
  } else {
    head.framing = chunked ? BodyFraming::kChunked : BodyFraming::kUntilClose;
  }
  return {};
}

/// src/net/http/response.go, ReadResponse.
Http1Head ReadOneHead(BufferedReader& reader) {
  Http1Head head;
  TextLine line = ReadTextLine(reader);
  StatusLine status;
  head.error =
      line.error ? EndIsUnexpected(std::move(line.error)) : ParseStatusLine(line.text, status);
  if (head.error) {
    return head;
  }
  head.response.status = status.status;
  MimeHeader header = ReadMimeHeader(reader);
  head.response.headers = std::move(header.headers);
  head.error = header.error ? EndIsUnexpected(std::move(header.error))
                            : TakeFraming(status.at_least_1_1, head);
  return head;
}

}  // namespace

Http1Head ReadHttp1Head(BufferedReader& reader) {
  while (true) {
    Http1Head head = ReadOneHead(reader);
    if (head.error || !IsInformational(head.response.status) || head.response.status == 101) {
      return head;
    }
  }
}

}  // namespace netcheck::probe
