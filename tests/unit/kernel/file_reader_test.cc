#include "sys/file_reader.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cerrno>
#include <vector>

#include "unit/kernel/proc_tree.h"

using netcheck::probe::ForEachLine;
using netcheck::probe::Lines;
using netcheck::probe::ReadFile;
using netcheck::test::ProcTree;

namespace {

std::vector<std::string> ReadLines(const std::string& path, std::size_t max_bytes) {
  std::vector<std::string> lines;
  const auto read = ForEachLine(path, max_bytes, [&lines](std::string_view line) {
    lines.emplace_back(line);
    return Lines::kContinue;
  });
  lines.emplace_back(read.ok() ? "ok" : std::to_string(read.error().error_number));
  return lines;
}

}  // namespace

TEST_CASE("files: whole files, and errno with the path when there is none") {
  const ProcTree tree;
  tree.Write("a", "text\n");
  CHECK(ReadFile(tree.root() + "/a").value() == "text\n");
  const auto missing = ReadFile(tree.root() + "/b");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().error_number == ENOENT);
  CHECK(missing.error().message == tree.root() + "/b: No such file or directory");
  CHECK(ReadFile(tree.root()).error().error_number == EISDIR);
}

TEST_CASE("files: longer ones than asked for are refused") {
  const ProcTree tree;
  tree.Write("a", std::string(100, 'x'));
  CHECK(ReadFile(tree.root() + "/a", 100).ok());
  CHECK(ReadFile(tree.root() + "/a", 99).error().error_number == EFBIG);
}

TEST_CASE("files: a FIFO without a writer does not block") {
  const ProcTree tree;
  REQUIRE(mkfifo((tree.root() + "/fifo").c_str(), 0600) == 0);
  CHECK(ReadFile(tree.root() + "/fifo").value().empty());
}

TEST_CASE("files: line by line") {
  const ProcTree tree;
  const auto path = tree.root() + "/lines";
  tree.Write("lines", "a\n\nb");
  CHECK(ReadLines(path, 100) == std::vector<std::string>{"a", "", "b", "ok"});
  CHECK(ReadLines(path + "x", 100) == std::vector<std::string>{std::to_string(ENOENT)});
  std::string many;
  for (int i = 0; i < 20000; ++i) {  // Lines that lie across the ends of the read buffer.
    many += std::to_string(i) + "\n";
  }
  tree.Write("lines", many);
  const auto lines = ReadLines(path, many.size());
  REQUIRE(lines.size() == 20001);
  CHECK(lines[12345] == "12345");
  CHECK(lines.back() == "ok");
  CHECK(ReadLines(path, many.size() - 1).back() == std::to_string(EFBIG));
}

TEST_CASE("files: a line without end is refused, reading stops when told to") {
  const ProcTree tree;
  tree.Write("lines", std::string(100000, 'x'));
  CHECK(ReadLines(tree.root() + "/lines", 1U << 20U) ==
        std::vector<std::string>{std::to_string(EFBIG)});
  tree.Write("lines", "a\nb\nc\n");
  int seen = 0;
  const auto read = ForEachLine(tree.root() + "/lines", 100, [&seen](std::string_view) {
    return ++seen == 2 ? Lines::kStop : Lines::kContinue;
  });
  CHECK(read.ok());
  CHECK(seen == 2);
}
