#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "engine/port_plan.h"

namespace netcheck::probe {
namespace {

using protocol::PortPlan;
using protocol::PortPlanKind;

PortPlanInput DefaultNode(std::uint64_t seed = 1) {
  PortPlanInput input;
  input.range.local = {32768, 60999};
  input.seed = seed;
  return input;
}

std::set<int> AsSet(const std::vector<std::uint16_t>& ports) {
  return {ports.begin(), ports.end()};
}

bool HasNeighboursInARow(const std::vector<std::uint16_t>& ports) {
  return std::adjacent_find(ports.begin(), ports.end(), [](int a, int b) {
           return std::abs(a - b) <= 2;
         }) != ports.end();
}

TEST_CASE("port plan: kubelet leaves the choice to the kernel") {
  CHECK(PlanSourcePorts({PortPlanKind::kKubelet, 3, {}}, DefaultNode()).ports ==
        std::vector<std::uint16_t>{0, 0, 0});
  CHECK(PlanSourcePorts({PortPlanKind::kKubelet, -1, {}}, DefaultNode()).ports.empty());
}

TEST_CASE("port plan: a list is used as it is") {
  CHECK(PlanSourcePorts({PortPlanKind::kList, 1, {40001, 40000, 40001}}, DefaultNode()).ports ==
        std::vector<std::uint16_t>{40001, 40000, 40001});
}

TEST_CASE("port plan: spread has one port of each part and both parities") {
  const PortPlan plan{PortPlanKind::kSpread, 100, {}};
  const auto ports = PlanSourcePorts(plan, DefaultNode()).ports;
  REQUIRE(ports.size() == 100);
  CHECK(AsSet(ports).size() == 100);
  std::set<int> parts;
  for (const int port : ports) {
    CHECK(port >= 32768);
    CHECK(port <= 60999);
    parts.insert((port - 32768) * 100 / 28232);
  }
  CHECK(parts.size() == 100);
  const auto even = std::count_if(ports.begin(), ports.end(), [](int p) { return p % 2 == 0; });
  CHECK(even == 50);
  CHECK(!std::is_sorted(ports.begin(), ports.end()));
  CHECK(!HasNeighboursInARow(ports));
}

TEST_CASE("port plan: spread leaves out what kubelet can't get") {
  PortPlanInput input = DefaultNode();
  input.range.local = {40000, 40019};
  input.range.reserved = {{40000, 40004}, {40010, 40011}};
  const PortPlan more_than_there_are{PortPlanKind::kSpread, 1000, {}};
  const auto ports = AsSet(PlanSourcePorts(more_than_there_are, input).ports);
  CHECK(ports == std::set<int>{40005,
                               40006,
                               40007,
                               40008,
                               40009,
                               40012,
                               40013,
                               40014,
                               40015,
                               40016,
                               40017,
                               40018,
                               40019});
}

TEST_CASE("port plan: the same seed gives the same ports, another one others") {
  for (const PortPlanKind kind :
       {PortPlanKind::kSpread, PortPlanKind::kSuspects, PortPlanKind::kSweep}) {
    const PortPlan plan{kind, 20, {33000, 34000, 35000, 36000, 37000, 38000, 39000, 40000}};
    CHECK(PlanSourcePorts(plan, DefaultNode(7)).ports ==
          PlanSourcePorts(plan, DefaultNode(7)).ports);
    CHECK(PlanSourcePorts(plan, DefaultNode(7)).ports !=
          PlanSourcePorts(plan, DefaultNode(8)).ports);
  }
  // Fixed for good: saved plans mean the same ports with every later version.
  CHECK(PlanSourcePorts({PortPlanKind::kSpread, 4, {}}, DefaultNode(42)).ports ==
        std::vector<std::uint16_t>{51552, 39682, 59647, 44733});
}

TEST_CASE("port plan: sweep has every port once and neighbours far apart") {
  const auto ports = PlanSourcePorts({PortPlanKind::kSweep, 0, {}}, DefaultNode()).ports;
  REQUIRE(ports.size() == 28232);
  const auto unique = AsSet(ports);
  CHECK(unique.size() == 28232);
  CHECK(*unique.begin() == 32768);
  CHECK(*unique.rbegin() == 60999);
  CHECK(!HasNeighboursInARow(ports));
}

TEST_CASE("port plan: sweep of the smallest and the widest range") {
  PortPlanInput input = DefaultNode();
  input.range.local = {40000, 40000};
  CHECK(PlanSourcePorts({PortPlanKind::kSweep, 0, {}}, input).ports ==
        std::vector<std::uint16_t>{40000});
  input.range.local = {1, 65535};
  CHECK(AsSet(PlanSourcePorts({PortPlanKind::kSweep, 0, {}}, input).ports).size() == 65535);
}

TEST_CASE("port plan: suspects of the range, with the nearest ports that are none") {
  PortPlanInput input = DefaultNode();
  input.range.reserved = {{50000, 50000}};
  input.ipvs_ports = {80, 40000, 45001};
  const PortPlan plan{PortPlanKind::kSuspects, 0, {30080, 45000, 50000, 60999}};
  const PlannedPorts planned = PlanSourcePorts(plan, input);
  // 30080 and 80 are outside, 50000 is reserved. 45000 and 45001 share no control.
  CHECK(AsSet(planned.ports) ==
        std::set<int>{39999, 40000, 40001, 44999, 45000, 45001, 45002, 60998, 60999});
  CHECK(planned.ports.size() == 9);
  CHECK(planned.suspects_omitted == 0);
  CHECK(!HasNeighboursInARow(planned.ports));
}

TEST_CASE("port plan: a cap leaves out suspects and says how many") {
  PortPlan plan{PortPlanKind::kSuspects, 9, {}};
  for (int port = 33000; port < 34000; port += 10) {
    plan.ports.push_back(port);
  }
  const PlannedPorts planned = PlanSourcePorts(plan, DefaultNode());
  CHECK(planned.ports.size() == 9);
  CHECK(planned.suspects_omitted == 97);
  const auto suspects = std::count_if(
      planned.ports.begin(), planned.ports.end(), [](int port) { return port % 10 == 0; });
  CHECK(suspects == 3);
}

TEST_CASE("port plan: a block of suspects has controls only at its ends") {
  PortPlan plan{PortPlanKind::kSuspects, 0, {}};
  for (int port = 40000; port < 40100; ++port) {
    plan.ports.push_back(port);
  }
  const auto ports = AsSet(PlanSourcePorts(plan, DefaultNode()).ports);
  CHECK(ports.size() == 102);
  CHECK(ports.count(39999) == 1);
  CHECK(ports.count(40100) == 1);
}

TEST_CASE("port plan: nothing to plan") {
  CHECK(PlanSourcePorts({PortPlanKind::kSuspects, 0, {30080}}, DefaultNode()).ports.empty());
  CHECK(PlanSourcePorts({PortPlanKind::kSpread, 0, {}}, DefaultNode()).ports.empty());
  CHECK(PlanSourcePorts({PortPlanKind::kUnknown, 5, {}}, DefaultNode()).ports.empty());
}

}  // namespace
}  // namespace netcheck::probe
