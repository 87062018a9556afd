#include "checks/mime_header.h"

#include <algorithm>
#include <array>
#include <utility>

#include "checks/go_quote.h"

namespace netcheck::probe {
namespace {

constexpr std::size_t kQuotedInitialLine = 80;

bool StartsWithBlank(std::string_view line) {
  return !line.empty() && (line[0] == ' ' || line[0] == '\t');
}

bool IsValueByte(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
}

bool IsKept(const std::string& name) {
  constexpr std::array<std::string_view, 7> kKept = {"Connection",
                                                     "Content-Length",
                                                     "Location",
                                                     "Server",
                                                     "Trailer",
                                                     "Transfer-Encoding",
                                                     "Upgrade"};
  return std::find(kKept.begin(), kKept.end(), name) != kKept.end();
}

}  // namespace

MimeHeaderReader::State MimeHeaderReader::AddLine(std::string_view line) {
  if (StartsWithBlank(line)) {
    if (!std::exchange(first_, false)) {
      field_ += ' ';
      field_ += TrimBlanks(line);
      return State::kMore;
    }
    return Fail(line.size() > kQuotedInitialLine
                    ? "message too large"
                    : "malformed MIME header initial line: " + GoQuote(line));
  }
  first_ = false;
  if (!FinishField()) {
    return State::kFailed;
  }
  if (line.empty()) {
    return State::kEnd;
  }
  if (line.find(':') == std::string_view::npos) {
    return Fail("malformed MIME header: missing colon: " + GoQuote(line));
  }
  field_ = TrimBlanks(line);
  return State::kMore;
}

bool MimeHeaderReader::FinishField() {
  if (field_.empty()) {
    return true;
  }
  const std::size_t colon = field_.find(':');
  const std::string_view name = std::string_view(field_).substr(0, colon);
  const std::string_view value = std::string_view(field_).substr(colon + 1);
  // A space in a name is let through, such a name just means nothing.
  const bool valid = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c == ' ' || IsTokenByte(c);
  }) && std::all_of(value.begin(), value.end(), IsValueByte);
  if (!valid) {
    Fail("malformed MIME header line: " + GoQuote(field_));
    return false;
  }
  const std::string canonical = CanonicalHeaderName(name);
  if (IsKept(canonical)) {
    headers_[canonical].emplace_back(
        value.substr(std::min(value.find_first_not_of(" \t"), value.size())));
  }
  field_.clear();
  return true;
}

MimeHeaderReader::State MimeHeaderReader::Fail(std::string error) {
  error_ = std::move(error);
  return State::kFailed;
}

}  // namespace netcheck::probe
