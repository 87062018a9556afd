#include "kube/known_names.h"

#include <algorithm>
#include <numeric>

namespace netcheck::kube {
namespace {

constexpr std::size_t kMaxShown = 5;

/// Levenshtein's distance: insertions, deletions and replacements of one character.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t k = 1; k <= b.size(); ++k) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[k - 1] ? 0 : 1);
      diagonal = row[k];
      row[k] = std::min({row[k] + 1, row[k - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string KnownNames(std::string_view wanted, std::vector<std::string> known) {
  if (known.empty()) {
    return "none is known";
  }
  std::stable_sort(known.begin(), known.end(), [&](const std::string& a, const std::string& b) {
    return Distance(wanted, a) < Distance(wanted, b);
  });
  const std::size_t shown = std::min(known.size(), kMaxShown);
  std::string text = known.size() == 1 ? "known is " : "known are ";
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) {
      text += i + 1 == known.size() ? " and " : ", ";
    }
    text += known[i];
  }
  if (known.size() > shown) {
    text += " and " + std::to_string(known.size() - shown) + " more";
  }
  return text;
}

}  // namespace netcheck::kube
