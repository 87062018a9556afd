#include "session/node_view.h"

#include <doctest/doctest.h>

namespace netcheck::probe {
namespace {

using protocol::Fact;
using protocol::Moment;
using protocol::Where;

TEST_CASE("node view: ports to choose from") {
  const std::vector<Fact> facts = {
      protocol::Sysctls{Moment::kBefore, Where::kPod, {{"net.ipv4.ip_local_port_range", "1\t2"}}},
      protocol::Sysctls{Moment::kBefore,
                        Where::kNode,
                        {{"net.ipv4.ip_local_port_range", "40000\t40010"},
                         {"net.ipv4.ip_local_reserved_ports", "40005"}}},
      protocol::IpvsServices{
          Moment::kBefore,
          {{"TCP", "10.0.0.1", 40003, "rr", {}}, {"UDP", "10.0.0.1", 53, "rr", {}}}},
      protocol::IpvsServices{Moment::kBefore, {{"TCP", "10.96.0.1", 443, "rr", {}}}}};
  const PortPlanInput input = PortInputOf(facts, 7);
  CHECK(input.range.local == protocol::PortInterval{40000, 40010});
  CHECK(input.range.Reserved(40005));
  CHECK(input.ipvs_ports == std::vector<int>{40003, 443});
  CHECK(input.seed == 7);
  CHECK(PortInputOf({}, 0).range.local == protocol::PortInterval{32768, 60999});
}

TEST_CASE("node view: the backlog of the listener that a connection reaches") {
  const auto listeners = [](std::vector<protocol::Listener> list) {
    return std::vector<Fact>{protocol::Listeners{Moment::kBefore, Where::kPod, std::move(list)}};
  };
  const auto backlog = [](const std::vector<Fact>& facts, const char* address) {
    return BacklogOf(facts, Where::kPod, address, 80);
  };
  CHECK(backlog(listeners({{"0.0.0.0", 80, false, 0, 128}}), "10.0.0.5") == 128U);
  CHECK(backlog(listeners({{"::", 80, false, 0, 5}}), "10.0.0.5") == 5U);
  CHECK(backlog(listeners({{"10.0.0.5", 80, false, 0, 9}, {"0.0.0.0", 80, false, 0, 3}}),
                "10.0.0.5") == 3U);
  CHECK_FALSE(backlog(listeners({{"::", 80, true, 0, 5}}), "10.0.0.5").has_value());
  CHECK_FALSE(backlog(listeners({{"0.0.0.0", 80, false, 0, 5}}), "fd00::5").has_value());
  CHECK_FALSE(backlog(listeners({{"127.0.0.1", 80, false, 0, 5}}), "10.0.0.5").has_value());
  CHECK_FALSE(backlog(listeners({{"0.0.0.0", 81, false, 0, 5}}), "10.0.0.5").has_value());
  CHECK_FALSE(BacklogOf(listeners({{"0.0.0.0", 80, false, 0, 5}}), Where::kNode, "10.0.0.5", 80)
                  .has_value());
}

TEST_CASE("node view: a backlog that could not be read is not taken for 0") {
  const std::vector<Fact> facts = {
      protocol::Listeners{Moment::kBefore, Where::kPod, {{"0.0.0.0", 80, false, 0, 0}}},
      protocol::Unavailable{Moment::kBefore, Where::kPod, "listeners.backlog", "", 2}};
  CHECK_FALSE(BacklogOf(facts, Where::kPod, "10.0.0.5", 80).has_value());
}

TEST_CASE("node view: when it matters who fills the conntrack table") {
  const auto facts = [](std::int64_t count, std::map<std::string, std::int64_t> stats) {
    return std::vector<Fact>{
        protocol::ConntrackTable{Moment::kBefore, Where::kNode, count, 1000, 0, std::move(stats)}};
  };
  const auto matters = [](const std::vector<Fact>& first, const std::vector<Fact>& last) {
    return ConntrackMatters(first, last, Where::kNode);
  };
  const auto quiet = facts(400, {{"drop", 3}, {"early_drop", 0}, {"insert_failed", 1}});
  CHECK_FALSE(matters(quiet, quiet));
  CHECK_FALSE(matters(quiet, facts(500, {{"drop", 3}, {"early_drop", 0}, {"insert_failed", 5}})));
  CHECK(matters(quiet, facts(501, {})));
  CHECK(matters(quiet, facts(400, {{"drop", 4}})));
  CHECK(matters(quiet, facts(400, {{"early_drop", 1}})));
  CHECK_FALSE(matters({}, {}));
  CHECK_FALSE(ConntrackMatters(quiet, facts(900, {}), Where::kPod));
}

TEST_CASE("node view: free conntrack entries are the node's") {
  const std::vector<Fact> facts = {
      protocol::ConntrackTable{Moment::kBefore, Where::kNode, 100, 1000, 0, {}},
      protocol::ConntrackTable{Moment::kBefore, Where::kPod, 1, 2, 0, {}}};
  CHECK(FreeConntrackEntries(facts) == 900);
  CHECK_FALSE(FreeConntrackEntries({}).has_value());
}

}  // namespace
}  // namespace netcheck::probe
