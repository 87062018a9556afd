#include "output/text_table.h"

#include <doctest/doctest.h>

#include <sstream>

namespace netcheck::output {

TEST_CASE("text table: columns line up without trailing spaces") {
  std::ostringstream out;
  WriteColumns({{"NAME", "N"}, {"a", "100"}, {"longer", ""}}, out);
  CHECK(out.str() ==
        "NAME     N\n"
        "a        100\n"
        "longer\n");
}

TEST_CASE("text table: wrapped text keeps its indent, and a word that is too long its line") {
  std::ostringstream out;
  WriteWrapped("one two three incomprehensibilities four", "- ", "  ", 12, out);
  CHECK(out.str() ==
        "- one two\n"
        "  three\n"
        "  incomprehensibilities\n"
        "  four\n");
}

TEST_CASE("text table: a terminal is not told what to do by the text") {
  std::ostringstream out;
  WriteWrapped("X: \x1b]0;title\x07 \x7f", "- ", "  ", 40, out);
  CHECK(out.str() == "- X: \\x1b]0;title\\x07 \\x7f\n");
}

TEST_CASE("text table: no words, no more than the first indent") {
  std::ostringstream out;
  WriteWrapped("", "- ", "  ", 12, out);
  CHECK(out.str() == "- \n");
}

}  // namespace netcheck::output
