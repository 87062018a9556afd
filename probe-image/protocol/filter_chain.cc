#include "protocol/filter_chain.h"

#include <charconv>

namespace netcheck::protocol {
namespace {

/// Takes the first word off `text`.
std::string_view TakeWord(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size() < text.size() ? word.size() + 1 : word.size());
  return word;
}

std::string OrNone(std::string_view word) {
  return word == "-" ? "" : std::string(word);
}

bool ParseNumber(std::string_view word, std::int64_t& number) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc() && end == word.data() + word.size() && number >= 0;
}

}  // namespace

std::optional<FilterChain> ParseFilterChain(const std::string& name, std::string_view text) {
  FilterChain chain;
  chain.name = name;
  chain.hook = OrNone(TakeWord(text));
  chain.policy = OrNone(TakeWord(text));
  if (!ParseNumber(TakeWord(text), chain.rules) || !ParseNumber(TakeWord(text), chain.packets)) {
    return std::nullopt;
  }
  while (!text.empty()) {
    const std::string_view word = TakeWord(text);
    if (word.size() < 2 || (word.front() != '>' && word.front() != '+')) {
      return std::nullopt;
    }
    (word.front() == '>' ? chain.jumps : chain.targets).emplace_back(word.substr(1));
  }
  return chain;
}

std::optional<FilterChain> FindChain(const FilterTable& table, const std::string& name) {
  const auto chain = table.chains.find(name);
  return chain == table.chains.end() ? std::nullopt : ParseFilterChain(name, chain->second);
}

}  // namespace netcheck::protocol
