#include "gather/masked_command.h"

#include <algorithm>
#include <string_view>

#include "gather/credential_headers.h"

namespace netcheck::gather {
namespace {

using std::string_view;

constexpr const char* kMask = "***";
constexpr string_view kNameCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
constexpr string_view kEndOfWord = " \t\n'\"`;&|)";
constexpr string_view kEndOfLine = "\n'\"`";

bool IsName(string_view name) {
  return !name.empty() && IsCredential(name, "");
}

/// Replaces text[from, the first of `ends`) unless it is a reference; where to go on reading.
std::size_t MaskUpTo(std::string& text, std::size_t from, string_view ends) {
  if (from < text.size() && (text[from] == '\'' || text[from] == '"')) {
    ends = text[from++] == '"' ? "\"" : "'";
  }
  const std::size_t end = std::min(text.find_first_of(ends, from), text.size());
  if (from == end || text[from] == '$') {
    return end;
  }
  text.replace(from, end - from, kMask);
  return from + string_view(kMask).size();
}

/// Where the value of the name that ends at `at` was masked, behind it; `at` where there is none.
std::size_t MaskValue(std::string& text, string_view name, std::size_t at) {
  const auto starts = [&](string_view separator) {
    return text.compare(at, separator.size(), separator) == 0;
  };
  if (starts(": ")) {
    return MaskUpTo(text, at + 2, kEndOfLine);
  }
  if (starts("=") || starts(":")) {
    return MaskUpTo(text, at + 1, kEndOfWord);
  }
  if (name.starts_with('-') && starts(" ")) {
    return MaskUpTo(text, at + 1, kEndOfWord);
  }
  return at;
}

void MaskNamed(std::string& text) {
  std::size_t at = 0;
  while ((at = text.find_first_of(kNameCharacters, at)) != std::string::npos) {
    const std::size_t end = std::min(text.find_first_not_of(kNameCharacters, at), text.size());
    const std::string name = text.substr(at, end - at);
    at = IsName(name) ? MaskValue(text, name, end) : end;
  }
}

/// "scheme://user:password@host"
void MaskUrls(std::string& text) {
  constexpr string_view kSeparator = "://";
  std::size_t at = 0;
  while ((at = text.find(kSeparator, at)) != std::string::npos) {
    at += kSeparator.size();
    const std::size_t end = std::min(text.find_first_of(" \t\n/'\"", at), text.size());
    const std::size_t host = text.substr(0, end).rfind('@');
    const std::size_t colon = text.find(':', at);
    if (host != std::string::npos && host > at && colon < host) {
      text.replace(colon + 1, host - colon - 1, kMask);
    }
  }
}

}  // namespace

std::vector<std::string> MaskedCommand(std::vector<std::string> command) {
  bool value_follows = false;
  for (std::string& word : command) {
    if (value_follows && !word.starts_with('-') && !word.starts_with('$')) {
      word = kMask;
    }
    value_follows = word.starts_with('-') && IsName(word) &&
                    word.find_first_not_of(kNameCharacters) == std::string::npos;
    MaskUrls(word);
    MaskNamed(word);
  }
  return command;
}

}  // namespace netcheck::gather
