#include "output/text_table.h"

#include <algorithm>
#include <ostream>
#include <sstream>

#include "diagnosis/words.h"

namespace netcheck::output {

void WriteColumns(const std::vector<std::vector<std::string>>& rows, std::ostream& out) {
  constexpr std::size_t kGap = 3;
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  for (const auto& row : rows) {
    std::string line;
    std::size_t column = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line.resize(column, ' ');
      line += row[i];
      column += widths[i] + kGap;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
}

void WriteWrapped(const std::string& text,
                  const std::string& first,
                  const std::string& rest,
                  int width,
                  std::ostream& out) {
  std::istringstream words(text);
  std::string line = first;
  bool empty = true;
  for (std::string word; words >> word;) {
    word = diagnosis::Printable(word);
    if (!empty && line.size() + 1 + word.size() > static_cast<std::size_t>(std::max(width, 1))) {
      out << line << '\n';
      line = rest;
      empty = true;
    }
    line += (empty ? "" : " ") + word;
    empty = false;
  }
  out << line << '\n';
}

}  // namespace netcheck::output
