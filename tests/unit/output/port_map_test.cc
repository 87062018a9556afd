#include "output/port_map.h"

#include <doctest/doctest.h>

namespace netcheck::output {
namespace {

diagnosis::CheckReport Batch(const std::vector<std::pair<int, const char*>>& attempts) {
  diagnosis::CheckReport report;
  for (const auto& [port, outcome] : attempts) {
    diagnosis::Attempt attempt;
    attempt.source_port = port;
    attempt.outcome = outcome;
    report.attempts.push_back(attempt);
  }
  return report;
}

}  // namespace

TEST_CASE("port map: nothing tried, no cells") {
  const auto none = Batch({{40000, "not tried"}});
  CHECK(DrawPorts({&none}, 10).cells.empty());
  CHECK(DrawPorts({}, 10).cells.empty());
}

TEST_CASE("port map: one cell a port when there is room") {
  const auto batch = Batch({{100, "success"}, {103, "failure"}});
  const PortMap map = DrawPorts({&batch}, 80);
  REQUIRE(map.cells.size() == 4);
  CHECK(map.cells[0] == PortCell::kPassed);
  CHECK(map.cells[1] == PortCell::kNotTried);
  CHECK(map.cells[3] == PortCell::kFailed);
  CHECK(map.FirstPort(3) == 103);
  CHECK(map.FirstPort(4) == 104);
}

TEST_CASE("port map: a cell that met both is mixed, over all batches") {
  const auto a = Batch({{100, "success"}, {199, "success"}});
  const auto b = Batch({{101, "failure"}});
  const PortMap map = DrawPorts({&a, &b}, 10);
  REQUIRE(map.cells.size() == 10);
  CHECK(map.cells[0] == PortCell::kMixed);
  CHECK(map.cells[9] == PortCell::kPassed);
}

TEST_CASE("port map: each port falls into the cell whose bounds hold it") {
  std::vector<std::pair<int, const char*>> all;
  for (int port = 32768; port <= 60999; ++port) {
    all.emplace_back(port, "success");
  }
  const auto ends = Batch({{32768, "success"}, {60999, "success"}});
  for (const auto& [port, outcome] : all) {
    const auto one = Batch({{port, "failure"}});
    if (port % 997 != 0) {
      continue;
    }
    const PortMap map = DrawPorts({&ends, &one}, 71);
    for (std::size_t cell = 0; cell < map.cells.size(); ++cell) {
      const bool holds = map.FirstPort(cell) <= port && port < map.FirstPort(cell + 1);
      const bool marked =
          map.cells[cell] == PortCell::kFailed || map.cells[cell] == PortCell::kMixed;
      REQUIRE(holds == marked);
    }
  }
}

}  // namespace netcheck::output
