#include "gather/service_plan.h"

#include <doctest/doctest.h>

#include <set>

#include "gather/decode_service.h"
#include "protocol/json.h"
#include "unit/support/services.h"

using namespace netcheck;
using model::WayKind;

namespace {

model::ServiceTarget Web() {
  auto service = gather::DecodeServiceTarget(test::WebService(), "");
  service.endpoints_known = true;
  service.endpoints = gather::DecodeEndpoints(test::WebSlices(), service);
  return service;
}

model::Node NodeA() {
  model::Node node;
  node.name = "node-a";
  node.addresses = {"192.0.2.1", "192.0.2.2"};
  return node;
}

gather::BuiltServicePlan Build(const model::ServiceTarget& service) {
  return gather::BuildServicePlan(service, NodeA(), "id", 7, std::nullopt);
}

}  // namespace

TEST_CASE("service plan: every way has its batch") {
  const auto built = Build(Web());
  REQUIRE(built.ways.size() == 5);
  CHECK(built.ways[0].kind == WayKind::kClusterIp);
  CHECK(built.ways[0].address == "10.96.0.10");
  CHECK(built.ways[0].port == 80);
  CHECK(built.ways[1].address == "fd00:96::a");
  CHECK(built.ways[2].kind == WayKind::kNodePort);
  CHECK(built.ways[2].address == "192.0.2.1");
  CHECK(built.ways[2].port == 30080);
  CHECK(built.ways[2].service_ports == std::vector<int>{80});
  CHECK(built.ways[3].kind == WayKind::kEndpoint);
  CHECK(built.ways[3].address == "10.244.0.5");  // On the node itself: first.
  CHECK(built.ways[4].address == "10.244.1.6");
  CHECK(built.plan.batches.size() == 5);
  for (std::size_t i = 0; i < built.ways.size(); ++i) {
    CHECK(built.ways[i].batch_ids == std::vector<std::string>{built.plan.batches[i].id});
  }
  CHECK(built.not_seen.empty());
}

TEST_CASE("service plan: the target is the node itself") {
  const auto plan = Build(Web()).plan;
  CHECK(plan.target.host_network);
  CHECK(plan.target.pod_uid.empty());
  CHECK(plan.target.containers.empty());
  CHECK(plan.checks.empty());
  CHECK(protocol::PlanFromJson(protocol::ToJson(plan)).ok());
}

TEST_CASE("service plan: no more than so many endpoints") {
  model::ServiceTarget service = Web();
  service.endpoints.clear();
  for (int i = 0; i < 300; ++i) {
    service.endpoints.push_back(
        {"10.244.9." + std::to_string(i), 8080, "http", i < 200 ? "node-b" : "node-a", "", true});
  }
  const auto built = Build(service);
  std::set<std::string> nodes;
  int endpoints = 0;
  for (const auto& way : built.ways) {
    endpoints += way.kind == WayKind::kEndpoint ? 1 : 0;
  }
  CHECK(endpoints == 20);
  REQUIRE(built.not_seen.size() == 1);
  CHECK(built.not_seen[0].what == "280 other endpoints");
  CHECK(built.plan.batches[0].ports.count == 60);
}

TEST_CASE("service plan: two ports of the Service with one endpoint") {
  model::ServiceTarget service = Web();
  service.ports.push_back({"alt", 81, "TCP", 0});
  service.endpoints = {{"10.244.0.5", 8080, "http", "node-a", "", true},
                       {"10.244.0.5", 8080, "alt", "node-a", "", true}};
  const auto built = Build(service);
  CHECK(built.ways.back().kind == WayKind::kEndpoint);
  CHECK(built.ways.back().service_ports == std::vector<int>{80, 81});
}

TEST_CASE("service plan: a node whose address nobody knows") {
  const auto built = gather::BuildServicePlan(Web(), model::Node(), "id", 7, 5000);
  REQUIRE(built.not_seen.size() == 1);
  CHECK(built.not_seen[0].what == "NodePort 30080");
  CHECK(built.plan.limits.deadline_ms == 5000);
}
