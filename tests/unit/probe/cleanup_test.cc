#include "probe/cleanup.h"

#include <doctest/doctest.h>

#include "protocol/json.h"
#include "unit/support/fake_api.h"
#include "unit/support/pods.h"

using namespace netcheck;
using test::FakeApi;
using test::Json;

namespace {

constexpr std::int64_t kNoon = 1767355200;  // 2026-01-02T12:00:00Z

Json ProbePod(const char* name, const char* phase, const char* created) {
  return Json{{"metadata", {{"name", name}, {"namespace", "ns"}, {"creationTimestamp", created}}},
              {"spec", {{"nodeName", "node-a"}, {"activeDeadlineSeconds", 60}}},
              {"status", {{"phase", phase}}}};
}

FakeApi Cluster() {
  FakeApi api;
  for (const Json& pod : {ProbePod("done", "Succeeded", "2026-01-02T11:59:00Z"),
                          ProbePod("failed", "Failed", "2026-01-02T11:59:00Z"),
                          ProbePod("at-work", "Running", "2026-01-02T11:59:50Z"),
                          ProbePod("stuck", "Running", "2026-01-02T11:00:00Z")}) {
    api.objects["/api/v1/namespaces/ns/pods/" + pod["metadata"]["name"].get<std::string>()] = pod;
  }
  return api;
}

}  // namespace

TEST_CASE("cleanup: finished and overdue pods go, a working one stays") {
  FakeApi api = Cluster();
  CHECK(probe_pod::RemoveStaleProbePods(api, "ns", kNoon).empty());
  REQUIRE(api.objects.size() == 1);
  CHECK(api.objects.begin()->first == "/api/v1/namespaces/ns/pods/at-work");
  const auto lists = api.Made(kube::Verb::kGet, "/pods");
  REQUIRE(lists.size() == 1);
  CHECK(lists[0].query[0].second ==
        "app.kubernetes.io/name=netcheck-probe,app.kubernetes.io/managed-by=kubectl-netcheck");
}

TEST_CASE("cleanup: pods of all namespaces are listed where no namespace is named") {
  FakeApi api = Cluster();
  const auto pods = probe_pod::ListProbePods(api, "", kNoon);
  REQUIRE(pods);
  CHECK(pods->size() == 4);
  CHECK(api.requests[0].path == "/api/v1/pods");
}

TEST_CASE("cleanup: what can't be done is told, not fatal") {
  FakeApi api = Cluster();
  api.failures["delete *"] = test::Forbidden("delete");
  CHECK(probe_pod::RemoveStaleProbePods(api, "ns", kNoon).size() == 3);
  api.failures["get *"] = test::Forbidden("list");
  CHECK(probe_pod::RemoveStaleProbePods(api, "ns", kNoon).size() == 1);
}
