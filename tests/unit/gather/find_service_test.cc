#include "gather/find_service.h"

#include <doctest/doctest.h>

#include "protocol/json.h"
#include "unit/support/fake_api.h"
#include "unit/support/services.h"

using namespace netcheck;
using gather::ServiceChoice;
using test::FakeApi;
using test::Json;

namespace {

constexpr const char* kService = "/api/v1/namespaces/default/services/web";
constexpr const char* kSlices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/";

Json Node(const char* name, const char* ready = "True") {
  Json node = test::ReadyNode();
  node["metadata"]["name"] = name;
  node["status"]["conditions"][0]["status"] = ready;
  return node;
}

FakeApi Cluster() {
  FakeApi api;
  api.objects["/api/v1/namespaces/default"] = {{"metadata", {{"name", "default"}}}};
  api.objects[kService] = test::WebService();
  const Json slices = test::WebSlices();
  for (std::size_t i = 0; i < slices["items"].size(); ++i) {
    api.objects[kSlices + std::to_string(i)] = slices["items"][i];
  }
  for (const char* name : {"node-0", "node-a", "node-b"}) {
    api.objects[std::string("/api/v1/nodes/") + name] = Node(name);
  }
  api.objects["/version"] = {{"gitVersion", "v1.34.4"}};
  return api;
}

std::string Problem(FakeApi& api, const ServiceChoice& choice) {
  const auto found = gather::FindService(api, "default", choice);
  REQUIRE_FALSE(found);
  return found.error().message;
}

bool Has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("find service: endpoints, and a node that hosts one") {
  FakeApi api = Cluster();
  const auto found = gather::FindService(api, "default", {"web", "", ""});
  REQUIRE(found);
  CHECK(found->node.name == "node-a");
  CHECK(found->server_version == "v1.34.4");
  CHECK(found->service.endpoints_known);
  CHECK(found->service.endpoints.size() == 3);
  REQUIRE(found->not_seen.size() == 1);
  CHECK(found->not_seen[0].what == "port 53/UDP");
}

TEST_CASE("find service: nodes that are not ready are passed over") {
  FakeApi api = Cluster();
  api.objects["/api/v1/nodes/node-a"] = Node("node-a", "False");
  CHECK(gather::FindService(api, "default", {"web", "", ""})->node.name == "node-b");
  api.objects["/api/v1/nodes/node-b"] = Node("node-b", "Unknown");
  CHECK(gather::FindService(api, "default", {"web", "", ""})->node.name == "node-0");
  api.objects["/api/v1/nodes/node-0"] = Node("node-0", "False");
  CHECK(Has(Problem(api, {"web", "", ""}), "NotReady"));
}

TEST_CASE("find service: the node that is asked for") {
  FakeApi api = Cluster();
  CHECK(gather::FindService(api, "default", {"web", "", "node-0"})->node.name == "node-0");
  CHECK(Has(Problem(api, {"web", "", "node-x"}), "node \"node-x\" not found; did you mean node-0"));
  api.objects["/api/v1/nodes/node-0"] = Node("node-0", "False");
  CHECK(Has(Problem(api, {"web", "", "node-0"}), "NotReady"));
}

TEST_CASE("find service: without the right to see nodes") {
  FakeApi api = Cluster();
  for (const char* name : {"node-0", "node-a", "node-b"}) {
    api.failures[std::string("get /api/v1/nodes/") + name] = test::Forbidden("nodes");
  }
  api.failures["get /api/v1/nodes"] = test::Forbidden("nodes");
  const auto found = gather::FindService(api, "default", {"web", "", ""});
  REQUIRE(found);
  CHECK(found->node.name == "node-a");
  CHECK(found->not_seen.back().what == "node node-a");
  api.objects.erase(std::string(kSlices) + "0");
  api.objects.erase(std::string(kSlices) + "1");
  CHECK(Has(Problem(api, {"web", "", ""}), "name one with --node"));
}

TEST_CASE("find service: endpoints that may not be read") {
  FakeApi api = Cluster();
  api.failures["get /apis/discovery.k8s.io/v1/namespaces/default/endpointslices"] =
      test::Forbidden("endpointslices");
  const auto found = gather::FindService(api, "default", {"web", "", ""});
  REQUIRE(found);
  CHECK_FALSE(found->service.endpoints_known);
  CHECK(found->node.name == "node-0");
  CHECK(Has(found->not_seen.back().why, "list on endpointslices.discovery.k8s.io"));
}

TEST_CASE("find service: a headless one has endpoints only, or nothing") {
  FakeApi api = Cluster();
  api.objects[kService]["spec"]["clusterIPs"] = Json::array({"None"});
  const auto found = gather::FindService(api, "default", {"web", "", ""});
  REQUIRE(found);
  CHECK(Has(found->not_seen.back().why, "headless"));
  api.objects.erase(std::string(kSlices) + "0");
  api.objects.erase(std::string(kSlices) + "1");
  CHECK(Has(Problem(api, {"web", "", ""}), "there is nothing to connect to"));
}

TEST_CASE("find service: names that nothing has") {
  FakeApi api = Cluster();
  CHECK(Problem(api, {"wep", "", ""}) ==
        "service \"wep\" not found in namespace \"default\"; did you mean web?");
  CHECK(Has(Problem(api, {"web", "grpc", ""}), "no port \"grpc\""));
  api.failures[std::string("get ") + kService] = test::Forbidden("services");
  CHECK(gather::FindService(api, "default", {"web", "", ""}).error().forbidden);
}
