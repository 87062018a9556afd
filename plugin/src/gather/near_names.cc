#include "gather/near_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace netcheck::gather {
namespace {

constexpr std::size_t kMaxNames = 3;

/// Insertions, deletions and replacements that make `b` of `a` (Levenshtein).
std::size_t Distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

std::vector<std::string> NearNames(const std::string& wanted, std::vector<std::string> names) {
  const std::size_t tolerance = std::max<std::size_t>(2, wanted.size() / 4);
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (std::string& name : names) {
    const std::size_t distance = name.starts_with(wanted) ? 0 : Distance(wanted, name);
    if (distance <= tolerance && distance < wanted.size()) {
      ranked.emplace_back(distance, std::move(name));
    }
  }
  std::sort(ranked.begin(), ranked.end());
  ranked.resize(std::min(ranked.size(), kMaxNames));
  std::vector<std::string> near;
  near.reserve(ranked.size());
  for (auto& [distance, name] : ranked) {
    near.push_back(std::move(name));
  }
  return near;
}

std::string DidYouMean(const std::vector<std::string>& names) {
  if (names.empty()) {
    return "";
  }
  std::string list = names.front();
  for (std::size_t i = 1; i < names.size(); ++i) {
    list += (i + 1 == names.size() ? " or " : ", ") + names[i];
  }
  return fmt::format("; did you mean {}?", list);
}

}  // namespace netcheck::gather
