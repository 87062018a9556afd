#include "probe/pod_watch.h"

#include <doctest/doctest.h>

#include <string>

#include "protocol/json.h"
#include "unit/support/fake_api.h"
#include "unit/support/pods.h"

using namespace netcheck;
using namespace std::chrono_literals;
using test::FakeApi;
using test::Json;
using test::ParseJson;
using test::WatchLine;
using test::WithState;

namespace {

const char* kPath = "/api/v1/namespaces/ns/pods/p";

Json Created() {
  return ParseJson(R"({"metadata": {"name": "p", "namespace": "ns", "resourceVersion": "5"}})");
}

Json Running() {
  return WithState(Created(), "Running", R"({"running": {}})");
}

bool IsRunning(const Json& pod) {
  return protocol::GetString(protocol::GetObject(pod, "status"), "phase") == "Running";
}

bool IsDeleted(const Json& pod) {
  return protocol::GetObject(pod, "metadata").contains("deletionTimestamp");
}

}  // namespace

TEST_CASE("pod watch: goes on from the version of the pod it was given") {
  FakeApi api;
  api.watches.push_back(
      {{WatchLine("MODIFIED", Created()), WatchLine("MODIFIED", Running())}, {}, {}});
  const auto pod = probe_pod::WatchPod(api, Created(), 5s, IsRunning);
  REQUIRE(pod);
  CHECK(IsRunning(*pod));
  REQUIRE(api.requests.size() == 1);
  const auto& query = api.requests[0].query;
  CHECK(std::find(query.begin(),
                  query.end(),
                  std::pair<std::string, std::string>("resourceVersion", "5")) != query.end());
}

TEST_CASE("pod watch: an expired version and a lost connection are taken up again") {
  FakeApi api;
  api.objects[kPath] = Created();
  api.watches.push_back(
      {{WatchLine("ERROR", ParseJson(R"({"kind": "Status", "code": 410})"))}, {}, {}});
  api.watches.push_back({{}, test::Lost(), {}});
  api.watches.push_back({{WatchLine("MODIFIED", Running())}, {}, {}});
  const auto pod = probe_pod::WatchPod(api, Created(), 5s, IsRunning);
  REQUIRE(pod);
  CHECK(IsRunning(*pod));
}

TEST_CASE("pod watch: what happened between two watches is not missed") {
  FakeApi api;
  api.watches.push_back({{}, {}, [&] { api.objects[kPath] = Running(); }});
  const auto pod = probe_pod::WatchPod(api, Created(), 5s, IsRunning);
  REQUIRE(pod);
  CHECK(IsRunning(*pod));
}

TEST_CASE("pod watch: a removed pod is marked, by event and by its absence") {
  FakeApi api;
  api.watches.push_back({{WatchLine("DELETED", Running())}, {}, {}});
  auto pod = probe_pod::WatchPod(api, Created(), 5s, IsDeleted);
  REQUIRE(pod);
  CHECK(IsDeleted(*pod));
  api.watches.push_back({{}, {}, {}});
  pod = probe_pod::WatchPod(api, Created(), 5s, IsDeleted);
  REQUIRE(pod);
  CHECK(IsDeleted(*pod));
}

TEST_CASE("pod watch: a missing right ends it") {
  FakeApi api;
  api.watches.push_back({{}, test::Forbidden("watch"), {}});
  const auto pod = probe_pod::WatchPod(api, Created(), 5s, IsRunning);
  REQUIRE_FALSE(pod);
  CHECK(pod.error().failure == kube::Failure::kForbidden);
}

TEST_CASE("pod watch: the limit ends it with the last state") {
  FakeApi api;
  api.objects[kPath] = Created();
  const auto pod = probe_pod::WatchPod(api, Created(), 0s, IsRunning);
  REQUIRE(pod);
  CHECK_FALSE(IsRunning(*pod));
}
