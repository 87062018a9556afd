#include "diagnosis/pages.h"

#include <algorithm>
#include <cctype>

namespace netcheck::diagnosis {

std::string_view TitleOf(const Page& page) {
  const std::string_view line = page.text.substr(0, page.text.find('\n'));
  const std::size_t colon = line.find(": ");
  return colon == std::string_view::npos ? line : line.substr(colon + 2);
}

std::string CanonicalCode(std::string_view text) {
  constexpr std::size_t kDigits = 3;
  std::string family;
  std::string number;
  for (const char c : text) {
    const auto character = static_cast<unsigned char>(c);
    if (std::isdigit(character) != 0) {
      number += c;
    } else if (std::isalpha(character) != 0) {
      family += static_cast<char>(std::toupper(character));
    }
  }
  if (family.starts_with("NC")) {
    family.erase(0, 2);
  }
  if (number.empty()) {
    return "NC-" + family;
  }
  number.insert(0, kDigits - std::min(kDigits, number.size()), '0');
  return "NC-" + family + "-" + number;
}

const Page* FindPage(std::string_view code) {
  const auto& pages = Pages();
  const auto it =
      std::find_if(pages.begin(), pages.end(), [&](const Page& page) { return page.code == code; });
  return it == pages.end() ? nullptr : &*it;
}

}  // namespace netcheck::diagnosis
