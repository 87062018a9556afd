#include "protocol/stream.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "protocol/json.h"
#include "unit/protocol/sample_facts.h"

namespace netcheck::protocol {
namespace {

/// The samples as the lines of one stream (`end` is the last of them), without newlines.
std::vector<std::string> SampleLines() {
  std::vector<std::string> lines;
  for (const Fact& fact : SampleFacts()) {
    std::string line = EncodeLine(static_cast<std::int64_t>(lines.size()), fact);
    line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

TEST_CASE("stream: lines end with one newline and hold none") {
  const std::string line = EncodeLine(3, Unavailable{{}, {}, "a\nb", "c", 0});
  CHECK(line.find('\n') == line.size() - 1);
  CHECK(Json::parse(line)["n"] == 3);
}

TEST_CASE("stream: bytes that are not UTF-8 are replaced, not thrown at") {
  StreamReader reader;
  std::string line = EncodeLine(0, Unavailable{{}, {}, "\xff\xfe path", "", 0});
  line.pop_back();
  reader.AddLine(line);
  REQUIRE(reader.facts().size() == 1);
  CHECK(std::get<Unavailable>(reader.facts().at(0)).what == "\xef\xbf\xbd\xef\xbf\xbd path");
}

TEST_CASE("stream: order and repeats don't matter") {
  std::vector<std::string> lines = SampleLines();
  const std::size_t count = lines.size();
  lines.insert(lines.end(), lines.begin(), lines.begin() + 5);
  std::reverse(lines.begin(), lines.end());
  StreamReader reader;
  for (const std::string& line : lines) {
    reader.AddLine(line);
  }
  CHECK(reader.Complete());
  CHECK(reader.Missing() == 0);
  CHECK(reader.facts().size() == count);
  CHECK(reader.last_number() == static_cast<std::int64_t>(count) - 1);
  CHECK(std::holds_alternative<Hello>(reader.facts().begin()->second));
}

TEST_CASE("stream: a gap is counted and makes it incomplete, whatever line it is") {
  const std::vector<std::string> lines = SampleLines();
  for (std::size_t lost = 0; lost + 1 < lines.size(); ++lost) {
    StreamReader reader;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i != lost) {
        reader.AddLine(lines[i]);
      }
    }
    CHECK(reader.HasEnd());
    CHECK(reader.Missing() == 1);
    CHECK_FALSE(reader.Complete());
    reader.AddLine(lines[lost]);
    CHECK(reader.Complete());
  }
}

TEST_CASE("stream: without the end fact it is incomplete") {
  std::vector<std::string> lines = SampleLines();
  lines.pop_back();
  StreamReader reader;
  for (const std::string& line : lines) {
    reader.AddLine(line);
  }
  CHECK_FALSE(reader.HasEnd());
  CHECK(reader.Missing() == 0);
  CHECK_FALSE(reader.Complete());
  CHECK_FALSE(StreamReader().Complete());
}

TEST_CASE("stream: kinds from the future count as read") {
  StreamReader reader;
  reader.AddLine(R"({"n": 0, "kind": "hello"})");
  reader.AddLine(R"({"n": 1, "kind": "quantum-state"})");
  reader.AddLine(R"({"n": 1, "kind": "quantum-state"})");
  reader.AddLine(R"({"n": 2, "kind": "end"})");
  CHECK(reader.Complete());
  CHECK(reader.facts().size() == 2);
  CHECK(reader.foreign_lines().empty());
}

TEST_CASE("stream: lines that are not facts are quoted once, cut, and at most 20") {
  StreamReader reader;
  reader.AddLine("");
  const std::vector<std::string> foreign = {"panic: out of cheese",
                                            "{\"kind\": \"hello\"}",
                                            "{\"n\": -1, \"kind\": \"hello\"}",
                                            "{\"n\": \"0\", \"kind\": \"hello\"}",
                                            "{\"n\": 18446744073709551615, \"kind\": \"hello\"}",
                                            "{\"n\": 9223372036854775807, \"kind\": \"hello\"}",
                                            "{\"n\": 0, \"kind\": \"tap\", \"open\": 1}",
                                            "{\"n\": 0}",
                                            "[1, 2]",
                                            "\xff\xfe"};
  for (const std::string& line : foreign) {
    reader.AddLine(line);
    reader.AddLine(line);
  }
  CHECK(reader.foreign_lines() == foreign);
  CHECK(reader.facts().empty());
  CHECK(reader.last_number() == -1);
  CHECK(reader.Missing() == 0);
  reader.AddLine(std::string(10000, 'x'));
  CHECK(reader.foreign_lines().back().size() == kMaxLineBytes);
  for (int i = 0; i < 30; ++i) {
    reader.AddLine("line " + std::to_string(i));
  }
  CHECK(reader.foreign_lines().size() == 20);
}

}  // namespace
}  // namespace netcheck::protocol
