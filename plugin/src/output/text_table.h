#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace netcheck::output {

/// Columns in kubectl's manner: three spaces between them, no lines, no trailing spaces. The first
/// row is the heading. Widths are counted in bytes, so cells hold ASCII.
void WriteColumns(const std::vector<std::vector<std::string>>& rows, std::ostream& out);

/// `text` in lines of at most `width` columns, the first after `first`, the others after `rest`. Of
/// its control characters white space parts words, and the others are shown as escapes.
void WriteWrapped(const std::string& text,
                  const std::string& first,
                  const std::string& rest,
                  int width,
                  std::ostream& out);

}  // namespace netcheck::output
