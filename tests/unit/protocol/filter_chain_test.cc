#include "protocol/filter_chain.h"

#include <doctest/doctest.h>

namespace netcheck::protocol {
namespace {

TEST_CASE("filter chain: what its text says") {
  const auto base = ParseFilterChain("OUTPUT", "output accept 2 17 >KUBE-SERVICES >DOCKER +MARK");
  REQUIRE(base);
  CHECK(base->name == "OUTPUT");
  CHECK(base->hook == "output");
  CHECK(base->policy == "accept");
  CHECK(base->rules == 2);
  CHECK(base->packets == 17);
  CHECK(base->jumps == std::vector<std::string>{"KUBE-SERVICES", "DOCKER"});
  CHECK(base->targets == std::vector<std::string>{"MARK"});
  const auto empty = ParseFilterChain("KUBE-SERVICES", "- - 0 0");
  REQUIRE(empty);
  CHECK(empty->hook.empty());
  CHECK(empty->policy.empty());
  CHECK(empty->jumps.empty());
}

TEST_CASE("filter chain: other texts are none") {
  for (const char* text : {"",
                           "-",
                           "- -",
                           "- - 1",
                           "- - x 0",
                           "- - 1 y",
                           "- - -1 0",
                           "- - 1 0 X",
                           "- - 1 0 >",
                           "- - 1 0  >X",
                           "- - 99999999999999999999 0"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseFilterChain("c", text));
  }
}

TEST_CASE("filter chain: found in its table") {
  FilterTable table;
  table.chains = {{"A", "- - 1 0"}, {"B", "nonsense"}};
  CHECK(FindChain(table, "A")->rules == 1);
  CHECK_FALSE(FindChain(table, "B"));
  CHECK_FALSE(FindChain(table, "C"));
}

}  // namespace
}  // namespace netcheck::protocol
