#include "kube/status.h"

#include <fmt/format.h>

#include "protocol/json.h"

namespace netcheck::kube {
namespace {

constexpr std::size_t kMaxExcerpt = 160;

Failure FailureOf(int http_status) {
  switch (http_status) {
    case 400:
    case 422:
      return Failure::kInvalid;
    case 401:
      return Failure::kUnauthorized;
    case 403:
      return Failure::kForbidden;
    case 404:
      return Failure::kNotFound;
    case 409:
      return Failure::kConflict;
    default:
      return Failure::kServer;
  }
}

/// The beginning of `text` on one line, without control characters.
std::string Excerpt(std::string_view text) {
  std::string excerpt;
  bool space = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7f) {
      space = !excerpt.empty();
      continue;
    }
    if (excerpt.size() >= kMaxExcerpt && (byte & 0xc0U) != 0x80U) {
      return excerpt + "...";  // cut between two UTF-8 characters
    }
    if (space) {
      excerpt += ' ';
      space = false;
    }
    excerpt += c;
  }
  return excerpt;
}

/// "an empty body", "the HTML page \"Sign in\"" or the text itself.
std::string Described(std::string_view body) {
  const std::string excerpt = Excerpt(body);
  if (excerpt.empty()) {
    return "an empty body";
  }
  if (excerpt.front() != '<') {
    return "\"" + excerpt + "\"";
  }
  constexpr std::string_view kTitle = "<title>";
  const std::size_t begin = body.find(kTitle);
  const std::size_t end = body.find('<', begin + kTitle.size());
  if (begin == std::string_view::npos || end == std::string_view::npos) {
    return "an HTML page";
  }
  const std::size_t text = begin + kTitle.size();
  return "the HTML page \"" + Excerpt(body.substr(text, end - text)) + "\"";
}

std::string ForeignAnswer(int http_status, std::string_view body, const std::string& asked) {
  return fmt::format(
      "{} was answered with HTTP {} and {}, not by a Kubernetes API server: check the server "
      "address, and whether a proxy or a login page stands in front of it",
      asked,
      http_status,
      Described(body));
}

std::string TextOf(const Json& status, const char* key) {
  const auto found = status.find(key);
  return found != status.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

ApiError DecodeFailure(int http_status, std::string_view body, const std::string& asked) {
  ApiError error{FailureOf(http_status), http_status, "", ""};
  const Json status = Json::parse(body, nullptr, false);
  if (status.is_object() && TextOf(status, "kind") == "Status") {
    error.reason = TextOf(status, "reason");
    error.message = TextOf(status, "message");
    if (error.message.empty()) {
      error.message = fmt::format("{} failed: HTTP {}{}",
                                  asked,
                                  http_status,
                                  error.reason.empty() ? "" : " " + error.reason);
    }
    return error;
  }
  // The API server's own answer to a path that it doesn't know is plain text.
  if (http_status == 404 && body.starts_with("404 page not found")) {
    error.reason = "NotFound";
    error.message = asked + ": the API server has no such resource";
    return error;
  }
  error.message = ForeignAnswer(http_status, body, asked);
  return error;
}

ApiError NotJson(int http_status, std::string_view body, const std::string& asked) {
  return {Failure::kServer, http_status, "", ForeignAnswer(http_status, body, asked)};
}

}  // namespace netcheck::kube
