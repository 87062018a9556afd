#include "checks/url_escape.h"

#include "checks/go_quote.h"

namespace netcheck::probe {
namespace {

using protocol::Error;

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// -1 for what is no hexadecimal digit.
int HexValue(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// Bytes other than letters and digits that are written as they are.
std::string_view PlainPunctuation(UrlPart part) {
  switch (part) {
    case UrlPart::kPath:
      return "-_.~$&+,/:;=@";
    case UrlPart::kHost:
    case UrlPart::kZone:
      return "-_.~!$&'()*+,;=:[]<>\"";
    case UrlPart::kUserPassword:
      return "-_.~$&+,;=";
    case UrlPart::kFragment:
      return "-_.~$&+,/:;=@?!()*";
  }
  return "";
}

Error EscapeError(std::string_view escape) {
  return Error{"invalid URL escape " + GoQuote(escape)};
}

/// What is wrong with the escape at the start of `text`, which begins with '%'; "" if nothing is.
std::string EscapeFault(std::string_view text, UrlPart part) {
  const std::string_view escape = text.substr(0, 3);
  if (escape.size() < 3 || HexValue(escape[1]) < 0 || HexValue(escape[2]) < 0) {
    return EscapeError(escape).message;
  }
  // RFC 6874: "%25" stands before a zone. Other escapes in a host are for bytes beyond ASCII.
  if (part == UrlPart::kHost && HexValue(escape[1]) < 8 && escape != "%25") {
    return EscapeError(escape).message;
  }
  if (part == UrlPart::kZone) {
    const auto value = static_cast<char>(HexValue(escape[1]) * 16 + HexValue(escape[2]));
    if (escape != "%25" && value != ' ' && !IsPlain(value, UrlPart::kHost)) {
      return EscapeError(escape).message;
    }
  }
  return "";
}

}  // namespace

bool IsPlain(char c, UrlPart part) {
  return IsLetterOrDigit(c) ||
         (c != '\0' && PlainPunctuation(part).find(c) != std::string_view::npos);
}

std::string EscapeUrlPart(std::string_view text, UrlPart part) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (IsPlain(c, part)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    }
  }
  return out;
}

protocol::Result<std::string> UnescapeUrlPart(std::string_view text, UrlPart part) {
  const bool host = part == UrlPart::kHost || part == UrlPart::kZone;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (std::string fault = EscapeFault(text.substr(i), part); !fault.empty()) {
        return Error{std::move(fault)};
      }
      out += static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
      i += 2;
      continue;
    }
    if (host && static_cast<unsigned char>(c) < 0x80 && !IsPlain(c, part)) {
      return Error{"invalid character " + GoQuote(text.substr(i, 1)) + " in host name"};
    }
    out += c;
  }
  return out;
}

}  // namespace netcheck::probe
