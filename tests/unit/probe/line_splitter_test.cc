#include "probe/line_splitter.h"

#include <doctest/doctest.h>

#include <vector>

using netcheck::probe_pod::LineSplitter;

TEST_CASE("line splitter: lines that come in pieces") {
  LineSplitter splitter;
  std::vector<std::string> lines;
  const auto take = [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  };
  CHECK(splitter.Add("a\nb", take));
  CHECK(splitter.Add("c", take));
  CHECK(splitter.Add("\n\nd", take));
  CHECK(lines == std::vector<std::string>{"a", "bc", ""});
}

TEST_CASE("line splitter: stops when no more is wanted") {
  LineSplitter splitter;
  int calls = 0;
  CHECK_FALSE(splitter.Add("a\nb\nc\n", [&](std::string_view) { return ++calls < 2; }));
  CHECK(calls == 2);
}
