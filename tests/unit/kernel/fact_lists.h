#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/facts.h"

namespace netcheck::test {

/// The facts of one kind, in order.
template <typename T>
std::vector<T> FactsOf(const std::vector<protocol::Fact>& facts) {
  std::vector<T> found;
  for (const auto& fact : facts) {
    if (const auto* value = std::get_if<T>(&fact)) {
      found.push_back(*value);
    }
  }
  return found;
}

/// Why `what` could not be looked at; nullopt when no fact says so.
inline std::optional<protocol::Unavailable> FindUnavailable(
    const std::vector<protocol::Fact>& facts, const std::string& what) {
  for (const auto& fact : FactsOf<protocol::Unavailable>(facts)) {
    if (fact.what == what) {
      return fact;
    }
  }
  return std::nullopt;
}

}  // namespace netcheck::test
