#include "gather/port_choice.h"

#include <doctest/doctest.h>

using netcheck::gather::ParsePortChoice;
using netcheck::protocol::PortPlanKind;

TEST_CASE("port choice: the named plans and the default") {
  CHECK(ParsePortChoice("").value().kind == PortPlanKind::kUnknown);
  CHECK(ParsePortChoice("kubelet").value().kind == PortPlanKind::kKubelet);
  CHECK(ParsePortChoice("spread").value().kind == PortPlanKind::kSpread);
  CHECK(ParsePortChoice("suspects").value().kind == PortPlanKind::kSuspects);
  CHECK(ParsePortChoice("sweep").value().kind == PortPlanKind::kSweep);
}

TEST_CASE("port choice: a list keeps its order and drops repeats") {
  const auto choice = ParsePortChoice("40000,40002,41000-41003,40002");
  REQUIRE(choice);
  CHECK(choice->kind == PortPlanKind::kList);
  CHECK(choice->list == std::vector<int>{40000, 40002, 41000, 41001, 41002, 41003});
  CHECK(ParsePortChoice("1-1").value().list == std::vector<int>{1});
}

TEST_CASE("port choice: what is no list") {
  for (const char* text :
       {"0", "65536", "5-4", "1,", ",1", "1-", "-1", "a", "1 2", "99999999999", "+1", "sweeps"}) {
    const auto choice = ParsePortChoice(text);
    CHECK_MESSAGE(!choice, text);
  }
}

TEST_CASE("port choice: longer lists than a plan can hold") {
  CHECK(ParsePortChoice("1-10000"));
  const auto choice = ParsePortChoice("1-10001");
  REQUIRE_FALSE(choice);
  CHECK(choice.error().message.find("sweep") != std::string::npos);
}
