#include "gather/surroundings.h"

#include <doctest/doctest.h>

#include "unit/support/fake_api.h"
#include "unit/support/pods.h"

using namespace netcheck;
using test::FakeApi;
using test::ParseJson;

namespace {

FakeApi Cluster() {
  FakeApi api;
  api.objects["/api/v1/namespaces/default/pods/web"] = test::WebPod();
  api.objects["/api/v1/nodes/node-a"] = test::ReadyNode();
  api.objects["/version"] = {{"gitVersion", "v1.34.4"}};
  api.objects["/api/v1/namespaces/default/services/web"] = ParseJson(
      R"({"metadata": {"name": "web", "namespace": "default"},
          "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "nodePort": 30080}]}})");
  api.objects["/api/v1/namespaces/default/events/e1"] = ParseJson(
      R"({"reason": "Unhealthy", "message": "m", "involvedObject":
          {"uid": "11111111-2222-3333-4444-555555555555"}})");
  api.objects["/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/s"] = ParseJson(
      R"({"metadata": {"labels": {"kubernetes.io/service-name": "web"}}, "endpoints": [
          {"targetRef": {"uid": "11111111-2222-3333-4444-555555555555"}}]})");
  return api;
}

model::Evidence Read(FakeApi& api) {
  const auto target = gather::FindTarget(api, "default", "web");
  REQUIRE(target);
  model::Evidence evidence;
  gather::ReadSurroundings(api, *target, evidence);
  return evidence;
}

}  // namespace

TEST_CASE("surroundings: everything that may be read") {
  FakeApi api = Cluster();
  const model::Evidence evidence = Read(api);
  CHECK(evidence.server_version == "v1.34.4");
  CHECK(evidence.node_ports.size() == 1);
  REQUIRE(evidence.services.size() == 1);
  CHECK(evidence.services[0].pod_is_ready_endpoint);
  CHECK(evidence.events.size() == 1);
  CHECK(evidence.not_seen.empty());
}

TEST_CASE("surroundings: Services of one namespace where all are forbidden") {
  FakeApi api = Cluster();
  api.failures["get /api/v1/services"] = test::Forbidden("services");
  const model::Evidence evidence = Read(api);
  CHECK(evidence.node_ports.empty());
  CHECK(evidence.services.size() == 1);
  REQUIRE(evidence.not_seen.size() == 1);
  CHECK(evidence.not_seen[0].what == "NodePorts of the cluster");
  CHECK(evidence.not_seen[0].why == "forbidden: needs list on services in all namespaces");
}

TEST_CASE("surroundings: the node's pods where the probe looked into the conntrack table") {
  FakeApi api = Cluster();
  api.objects["/api/v1/namespaces/shop/pods/crawler"] = ParseJson(
      R"({"metadata": {"name": "crawler", "namespace": "shop", "uid": "u2", "ownerReferences": [
            {"kind": "Backup", "name": "b"},
            {"kind": "ReplicaSet", "name": "crawler-7d9", "controller": true}]},
          "spec": {"nodeName": "node-a", "containers": []},
          "status": {"phase": "Running", "podIPs": [{"ip": "10.0.0.9"}]}})");
  api.objects["/api/v1/namespaces/shop/pods/job"] = ParseJson(
      R"({"metadata": {"name": "job", "namespace": "shop", "uid": "u3"},
          "status": {"phase": "Succeeded", "podIPs": [{"ip": "10.0.0.10"}]}})");
  model::Evidence evidence = Read(api);
  gather::ReadNeighbours(api, evidence);
  CHECK(evidence.neighbours.empty());
  evidence.pod.node = "node-a";
  evidence.report.conntrack_usage.emplace_back().where = protocol::Where::kNode;
  gather::ReadNeighbours(api, evidence);
  CHECK(api.requests.back().path == "/api/v1/pods");
  REQUIRE(evidence.neighbours.size() == 2);
  const model::Neighbour& crawler = evidence.neighbours[1];
  CHECK(crawler.name == "crawler");
  CHECK(crawler.owner_kind == "ReplicaSet");
  CHECK(crawler.owner_name == "crawler-7d9");
  CHECK(crawler.cgroup_uid == "u2");
  CHECK(crawler.ips == std::vector<std::string>{"10.0.0.9"});
  CHECK_FALSE(crawler.host_network);
  evidence.neighbours.clear();
  api.failures["get /api/v1/pods"] = test::Forbidden("pods");
  gather::ReadNeighbours(api, evidence);
  REQUIRE(evidence.not_seen.size() == 1);
  CHECK(evidence.not_seen[0].why == "forbidden: needs list on pods in all namespaces");
}

TEST_CASE("surroundings: each missing right is named with its cost") {
  FakeApi api = Cluster();
  api.failures["get /api/v1/services"] = test::Forbidden("services");
  api.failures["get /api/v1/namespaces/default/services"] = test::Forbidden("services");
  api.failures["get /api/v1/namespaces/default/events"] = test::Forbidden("events");
  const model::Evidence evidence = Read(api);
  REQUIRE(evidence.not_seen.size() == 3);
  for (const model::NotSeen& entry : evidence.not_seen) {
    CHECK_FALSE(entry.cost.empty());
  }
  CHECK(evidence.not_seen[2].why == "forbidden: needs list on events");
}
