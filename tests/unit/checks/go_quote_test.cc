#include "checks/go_quote.h"

#include <doctest/doctest.h>

#include <string>

namespace netcheck::probe {
namespace {

TEST_CASE("go quote: what fmt's %q prints") {
  CHECK(GoQuote("") == R"("")");
  CHECK(GoQuote("plain text") == R"("plain text")");
  CHECK(GoQuote("a\"b\\c") == R"("a\"b\\c")");
  CHECK(GoQuote("\a\b\f\n\r\t\v") == R"("\a\b\f\n\r\t\v")");
  CHECK(GoQuote(std::string("\0\x1f\x7f", 3)) == R"("\x00\x1f\x7f")");
  CHECK(GoQuote("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") ==
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
  CHECK(GoQuote("\xc2\x85\xc2\xa0") == R"("\u0085\u00a0")");
}

TEST_CASE("go quote: bytes that are not UTF-8 are hexadecimal, one by one") {
  CHECK(GoQuote("\xff") == R"("\xff")");
  CHECK(GoQuote("\xc3") == R"("\xc3")");
  CHECK(GoQuote("\xc0\x80") == R"("\xc0\x80")");          // Overlong.
  CHECK(GoQuote("\xed\xa0\x80") == R"("\xed\xa0\x80")");  // A surrogate.
  CHECK(GoQuote("\xf5\x80\x80\x80") == R"("\xf5\x80\x80\x80")");
  CHECK(GoQuote("\xe2\x82x") == R"("\xe2\x82x")");
}

}  // namespace
}  // namespace netcheck::probe
