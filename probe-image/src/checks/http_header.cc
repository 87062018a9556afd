#include "checks/http_header.h"

#include <algorithm>

namespace netcheck::probe {
namespace {

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

char Upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

bool IsTokenByte(char c) {
  constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (Lower(c) >= 'a' && Lower(c) <= 'z') ||
         kPunctuation.find(c) != std::string_view::npos;
}

std::string CanonicalHeaderName(std::string_view name) {
  std::string canonical(name);
  if (!std::all_of(name.begin(), name.end(), IsTokenByte)) {
    return canonical;
  }
  bool start = true;
  for (char& c : canonical) {
    c = start ? Upper(c) : Lower(c);
    start = c == '-';
  }
  return canonical;
}

std::string FirstValue(const HttpHeaders& headers, const std::string& name) {
  const auto it = headers.find(name);
  return it == headers.end() || it->second.empty() ? "" : it->second.front();
}

bool HasToken(const HttpHeaders& headers, const std::string& name, std::string_view token) {
  const auto it = headers.find(name);
  if (it == headers.end()) {
    return false;
  }
  for (const std::string& value : it->second) {
    std::string_view rest = value;
    while (true) {
      const std::size_t comma = rest.find(',');
      if (EqualFold(TrimBlanks(rest.substr(0, comma)), token)) {
        return true;
      }
      if (comma == std::string_view::npos) {
        break;
      }
      rest.remove_prefix(comma + 1);
    }
  }
  return false;
}

bool EqualFold(std::string_view a, std::string_view b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view TrimBlanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace netcheck::probe
