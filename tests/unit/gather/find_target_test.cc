#include "gather/find_target.h"

#include <doctest/doctest.h>

#include "unit/support/fake_api.h"
#include "unit/support/pods.h"

using namespace netcheck;
using test::FakeApi;
using test::WebPod;

namespace {

FakeApi Cluster() {
  FakeApi api;
  api.objects["/version"] = {{"gitVersion", "v1.34.4"}};
  api.objects["/api/v1/namespaces/default"] = {{"metadata", {{"name", "default"}}}};
  api.objects["/api/v1/namespaces/default/pods/web"] = WebPod();
  api.objects["/api/v1/nodes/node-a"] = test::ReadyNode();
  return api;
}

std::string ErrorOf(FakeApi& api, const char* namespace_name, const char* pod) {
  const auto target = gather::FindTarget(api, namespace_name, pod);
  REQUIRE_FALSE(target);
  return target.error().message;
}

}  // namespace

TEST_CASE("find target: pod, labels, probes and node") {
  FakeApi api = Cluster();
  const auto target = gather::FindTarget(api, "default", "web");
  REQUIRE(target);
  CHECK(target->pod.name == "web");
  CHECK(target->labels.at("tier") == "front");
  CHECK(target->probes.size() == 1);
  CHECK(target->node.kubelet_version == "v1.34.4");
  CHECK(target->not_seen.empty());
}

TEST_CASE("find target: no such pod, no such namespace, with near names") {
  FakeApi api = Cluster();
  CHECK(ErrorOf(api, "default", "wep") ==
        "pod \"wep\" not found in namespace \"default\"; did you mean web?");
  CHECK(ErrorOf(api, "defualt", "web") == "namespace \"defualt\" not found; did you mean default?");
}

TEST_CASE("find target: near names are left out where listing is forbidden") {
  FakeApi api = Cluster();
  api.failures["get /api/v1/namespaces/default"] = test::Forbidden("namespaces");
  api.failures["get /api/v1/namespaces/default/pods"] = test::Forbidden("pods");
  CHECK(ErrorOf(api, "default", "wep") == "pod \"wep\" not found in namespace \"default\"");
}

TEST_CASE("find target: a server that is none") {
  FakeApi api;
  api.failures["get *"] = {kube::Failure::kNotFound, 404, "NotFound", "no such resource"};
  CHECK(ErrorOf(api, "default", "web") ==
        "the server does not answer as a Kubernetes API server: no such resource");
}

TEST_CASE("find target: a forbidden pod is marked as such") {
  FakeApi api;
  api.failures["get *"] = test::Forbidden("pods \"web\"");
  const auto target = gather::FindTarget(api, "default", "web");
  REQUIRE_FALSE(target);
  CHECK(target.error().forbidden);
}

TEST_CASE("find target: nodes may be unreadable, missing or unfit") {
  FakeApi api = Cluster();
  api.failures["get /api/v1/nodes/node-a"] = test::Forbidden("nodes");
  const auto target = gather::FindTarget(api, "default", "web");
  REQUIRE(target);
  CHECK(target->node.name == "node-a");
  REQUIRE(target->not_seen.size() == 1);
  CHECK(target->not_seen[0].why == "forbidden: needs get on nodes");

  api.objects["/api/v1/namespaces/default/pods/web"]["spec"]["os"]["name"] = "windows";
  CHECK(ErrorOf(api, "default", "web").find("is a windows pod") != std::string::npos);

  FakeApi without = Cluster();
  without.objects.erase("/api/v1/nodes/node-a");
  CHECK(ErrorOf(without, "default", "web") == "node node-a of pod \"web\" does not exist any more");
}
