#include "checks/grpc_status.h"

#include <algorithm>
#include <array>
#include <utility>

namespace netcheck::probe {
namespace {

/// The value of a hexadecimal digit, -1 for another character.
int HexDigit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// src/net/http/status.go
constexpr std::pair<int, const char*> kStatusTexts[] = {{100, "Continue"},
                                                        {101, "Switching Protocols"},
                                                        {102, "Processing"},
                                                        {103, "Early Hints"},
                                                        {200, "OK"},
                                                        {201, "Created"},
                                                        {202, "Accepted"},
                                                        {203, "Non-Authoritative Information"},
                                                        {204, "No Content"},
                                                        {205, "Reset Content"},
                                                        {206, "Partial Content"},
                                                        {207, "Multi-Status"},
                                                        {208, "Already Reported"},
                                                        {226, "IM Used"},
                                                        {300, "Multiple Choices"},
                                                        {301, "Moved Permanently"},
                                                        {302, "Found"},
                                                        {303, "See Other"},
                                                        {304, "Not Modified"},
                                                        {305, "Use Proxy"},
                                                        {307, "Temporary Redirect"},
                                                        {308, "Permanent Redirect"},
                                                        {400, "Bad Request"},
                                                        {401, "Unauthorized"},
                                                        {402, "Payment Required"},
                                                        {403, "Forbidden"},
                                                        {404, "Not Found"},
                                                        {405, "Method Not Allowed"},
                                                        {406, "Not Acceptable"},
                                                        {407, "Proxy Authentication Required"},
                                                        {408, "Request Timeout"},
                                                        {409, "Conflict"},
                                                        {410, "Gone"},
                                                        {411, "Length Required"},
                                                        {412, "Precondition Failed"},
                                                        {413, "Request Entity Too Large"},
                                                        {414, "Request URI Too Long"},
                                                        {415, "Unsupported Media Type"},
                                                        {416, "Requested Range Not Satisfiable"},
                                                        {417, "Expectation Failed"},
                                                        {418, "I'm a teapot"},
                                                        {421, "Misdirected Request"},
                                                        {422, "Unprocessable Entity"},
                                                        {423, "Locked"},
                                                        {424, "Failed Dependency"},
                                                        {425, "Too Early"},
                                                        {426, "Upgrade Required"},
                                                        {428, "Precondition Required"},
                                                        {429, "Too Many Requests"},
                                                        {431, "Request Header Fields Too Large"},
                                                        {451, "Unavailable For Legal Reasons"},
                                                        {500, "Internal Server Error"},
                                                        {501, "Not Implemented"},
                                                        {502, "Bad Gateway"},
                                                        {503, "Service Unavailable"},
                                                        {504, "Gateway Timeout"},
                                                        {505, "HTTP Version Not Supported"},
                                                        {506, "Variant Also Negotiates"},
                                                        {507, "Insufficient Storage"},
                                                        {508, "Loop Detected"},
                                                        {510, "Not Extended"},
                                                        {511, "Network Authentication Required"}};

}  // namespace

std::string GrpcCodeName(GrpcCode code) {
  static constexpr std::array<const char*, 17> kNames = {"OK",
                                                         "Canceled",
                                                         "Unknown",
                                                         "InvalidArgument",
                                                         "DeadlineExceeded",
                                                         "NotFound",
                                                         "AlreadyExists",
                                                         "PermissionDenied",
                                                         "ResourceExhausted",
                                                         "FailedPrecondition",
                                                         "Aborted",
                                                         "OutOfRange",
                                                         "Unimplemented",
                                                         "Internal",
                                                         "Unavailable",
                                                         "DataLoss",
                                                         "Unauthenticated"};
  const auto number = static_cast<std::uint32_t>(code);
  return number < kNames.size() ? kNames[number] : "Code(" + std::to_string(number) + ")";
}

std::string GrpcErrorText(const GrpcStatus& status) {
  return "rpc error: code = " + GrpcCodeName(status.code) + " desc = " + status.message;
}

GrpcCode CodeOfHttpStatus(int status) {
  switch (status) {
    case 400:
      return GrpcCode::kInternal;
    case 401:
      return GrpcCode::kUnauthenticated;
    case 403:
      return GrpcCode::kPermissionDenied;
    case 404:
      return GrpcCode::kUnimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return GrpcCode::kUnavailable;
    default:
      return GrpcCode::kUnknown;
  }
}

GrpcCode CodeOfHttp2Error(std::uint32_t code) {
  switch (code) {
    case 0x3:  // FLOW_CONTROL_ERROR
    case 0xb:  // ENHANCE_YOUR_CALM
      return GrpcCode::kResourceExhausted;
    case 0x7:  // REFUSED_STREAM
      return GrpcCode::kUnavailable;
    case 0x8:  // CANCEL
      return GrpcCode::kCanceled;
    case 0xc:  // INADEQUATE_SECURITY
      return GrpcCode::kPermissionDenied;
    default:
      return code <= 0xd ? GrpcCode::kInternal : GrpcCode::kUnknown;
  }
}

std::string HttpStatusText(int status) {
  const auto* const found = std::find_if(std::begin(kStatusTexts),
                                         std::end(kStatusTexts),
                                         [&](const auto& entry) { return entry.first == status; });
  return found == std::end(kStatusTexts) ? "" : found->second;
}

std::string DecodeGrpcMessage(std::string_view text) {
  std::string message;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size();
    const int high = escape ? HexDigit(text[i + 1]) : -1;
    const int low = escape ? HexDigit(text[i + 2]) : -1;
    if (high >= 0 && low >= 0) {
      message += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      message += text[i];
    }
  }
  return message;
}

bool IsGrpcContentType(std::string_view value) {
  constexpr std::string_view kBase = "application/grpc";
  if (!value.starts_with(kBase)) {
    return false;
  }
  value.remove_prefix(kBase.size());
  return value.empty() || value[0] == '+' || value[0] == ';';
}

std::string EncodeGrpcTimeout(std::chrono::nanoseconds timeout) {
  constexpr std::int64_t kMost = 99'999'999;
  static constexpr std::pair<std::int64_t, char> kUnits[] = {{1, 'n'},
                                                             {1'000, 'u'},
                                                             {1'000'000, 'm'},
                                                             {1'000'000'000, 'S'},
                                                             {60'000'000'000, 'M'},
                                                             {3'600'000'000'000, 'H'}};
  const std::int64_t nanoseconds = std::max<std::int64_t>(timeout.count(), 0);
  for (const auto& [size, name] : kUnits) {
    const std::int64_t count = nanoseconds / size + (nanoseconds % size > 0 ? 1 : 0);
    if (count <= kMost) {
      return std::to_string(count) + name;
    }
  }
  return std::to_string(kMost) + 'H';
}

std::string GoDuration(std::chrono::milliseconds duration) {
  constexpr std::int64_t kSecond = 1000;
  const std::int64_t total = duration.count();
  if (total < kSecond) {
    return total == 0 ? "0s" : std::to_string(total) + "ms";
  }
  const std::int64_t minutes = total / (60 * kSecond);
  std::string text;
  if (minutes >= 60) {
    text += std::to_string(minutes / 60) + "h";
  }
  if (minutes > 0) {
    text += std::to_string(minutes % 60) + "m";
  }
  text += std::to_string(total / kSecond % 60);
  if (const std::int64_t rest = total % kSecond; rest > 0) {
    std::string digits = std::to_string(kSecond + rest).substr(1);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text + "s";
}

}  // namespace netcheck::probe
