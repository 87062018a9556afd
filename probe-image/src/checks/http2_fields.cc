#include "checks/http2_fields.h"

#include <algorithm>
#include <array>

#include "checks/go_quote.h"
#include "checks/http_header.h"

namespace netcheck::probe {
namespace {

bool IsValidValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
  });
}

bool IsValidWireName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return IsTokenByte(c) && !(c >= 'A' && c <= 'Z');
  });
}

bool IsKept(std::string_view name) {
  constexpr std::array<std::string_view, 4> kKept = {
      "content-type", "content-length", "location", "server"};
  return name.starts_with(':') || name.starts_with("grpc-") || name.ends_with("-bin") ||
         std::find(kKept.begin(), kKept.end(), name) != kKept.end();
}

bool IsRequestPseudo(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames = {
      ":method", ":path", ":scheme", ":authority", ":protocol"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

/// Go's checkPseudos; "" if there is nothing to say.
std::string PseudoFault(const std::vector<std::string>& names) {
  bool request = false;
  bool response = false;
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (*name == ":status") {
      response = true;
    } else if (IsRequestPseudo(*name)) {
      request = true;
    } else {
      return "invalid pseudo-header " + GoQuote(*name);
    }
    if (std::find(names.begin(), name, *name) != name) {
      return "duplicate pseudo-header " + GoQuote(*name);
    }
  }
  return request && response ? "mix of request and response pseudo headers" : "";
}

}  // namespace

std::size_t FieldSize(std::string_view name, std::string_view value) {
  constexpr std::size_t kOverhead = 32;
  return name.size() + value.size() + kOverhead;
}

const std::string* FindField(const Http2Fields& fields, std::string_view name) {
  const auto it = std::find_if(
      fields.begin(), fields.end(), [&](const Http2Field& field) { return field.name == name; });
  return it == fields.end() ? nullptr : &it->value;
}

void Http2FieldList::Add(std::string_view name, std::string_view value) {
  if (truncated_ || !fault_.empty()) {
    return;
  }
  // Where several things are wrong with one field, Go tells the last.
  if (!IsValidValue(value)) {
    fault_ = "invalid header field value for " + GoQuote(name);
  }
  if (name.starts_with(':')) {
    if (saw_regular_) {
      fault_ = "pseudo header field after regular";
    }
  } else {
    saw_regular_ = true;
    if (!IsValidWireName(name)) {
      fault_ = "invalid header field name " + GoQuote(name);
    }
  }
  if (!fault_.empty()) {
    return;
  }
  const std::size_t size = FieldSize(name, value);
  if (size > limit_ - bytes_) {
    truncated_ = true;
    return;
  }
  bytes_ += size;
  if (name.starts_with(':')) {
    pseudo_.emplace_back(name);
  }
  if (IsKept(name)) {
    fields_.push_back({std::string(name), std::string(value)});
  }
}

void Http2FieldList::Finish() {
  if (fault_.empty()) {
    fault_ = PseudoFault(pseudo_);
  }
}

}  // namespace netcheck::probe
