#include "gather/decode_pod.h"

#include <doctest/doctest.h>

#include "protocol/json.h"
#include "unit/support/pods.h"

using namespace netcheck;
using gather::DecodePod;
using gather::WhyNotProbed;
using test::Json;
using test::ParseJson;
using test::WebPod;

namespace {

bool Has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("decode pod: fields") {
  const model::Pod pod = DecodePod(WebPod());
  CHECK(pod.namespace_name == "default");
  CHECK(pod.name == "web");
  CHECK(pod.uid == "11111111-2222-3333-4444-555555555555");
  CHECK(pod.cgroup_uid == pod.uid);
  CHECK(pod.node == "node-a");
  CHECK(pod.ips == std::vector<std::string>{"10.0.0.5", "fd00::5"});
  CHECK_FALSE(pod.host_network);
  CHECK_FALSE(pod.terminating);
  REQUIRE(pod.containers.size() == 1);
  const model::Container& app = pod.containers[0];
  CHECK(app.id == "containerd://abc");
  CHECK(app.state == "running");
  CHECK(app.started_at == "2026-01-02T03:04:05Z");
  CHECK(app.restart_count == 2);
  CHECK(app.ready);
  REQUIRE(app.ports.size() == 1);
  CHECK(app.ports[0].name == "http");
  CHECK(app.ports[0].protocol == "TCP");
}

TEST_CASE("decode pod: a static pod is known to the node by its config hash") {
  Json pod = WebPod();
  pod["metadata"]["annotations"]["kubernetes.io/config.hash"] = "0123456789abcdef0123456789abcdef";
  CHECK(DecodePod(pod).cgroup_uid == "0123456789abcdef0123456789abcdef");
}

TEST_CASE("decode pod: sidecars count, ordinary init containers don't") {
  Json pod = WebPod();
  pod["spec"]["initContainers"] =
      ParseJson(R"([{"name": "setup"}, {"name": "mesh", "restartPolicy": "Always"}])");
  pod["status"]["initContainerStatuses"] =
      ParseJson(R"([{"name": "mesh", "containerID": "containerd://def",
                     "state": {"waiting": {"reason": "CrashLoopBackOff"}}}])");
  const model::Pod decoded = DecodePod(pod);
  REQUIRE(decoded.containers.size() == 2);
  CHECK(decoded.containers[0].name == "mesh");
  CHECK(decoded.containers[0].sidecar);
  CHECK(decoded.containers[0].state == "waiting");
  CHECK(decoded.containers[0].state_reason == "CrashLoopBackOff");
  CHECK(decoded.containers[0].started_at.empty());
  CHECK_FALSE(decoded.containers[1].sidecar);
}

TEST_CASE("decode pod: podIP of servers that have no podIPs") {
  Json pod = WebPod();
  pod["status"].erase("podIPs");
  CHECK(DecodePod(pod).ips == std::vector<std::string>{"10.0.0.5"});
}

TEST_CASE("decode pod: the wrong shape everywhere is no crash") {
  CHECK(DecodePod(ParseJson(R"({"metadata": 1, "spec": {"containers": [1, {"ports": 2}]},
                               "status": []})"))
            .containers.size() == 2);
  CHECK(DecodePod(ParseJson("[]")).name.empty());
}

TEST_CASE("why not probed: a running pod is") {
  CHECK(WhyNotProbed(WebPod()).empty());
}

TEST_CASE("why not probed: a pod that has ended") {
  Json pod = WebPod();
  pod["status"]["phase"] = "Succeeded";
  CHECK(Has(WhyNotProbed(pod), "\"web\" has ended (Succeeded)"));
}

TEST_CASE("why not probed: Pending without a node") {
  Json pod = WebPod();
  pod["spec"].erase("nodeName");
  pod["status"] = ParseJson(R"({"phase": "Pending", "conditions": [{"type": "PodScheduled",
      "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}]})");
  CHECK(Has(WhyNotProbed(pod), "has no node yet: Unschedulable: 0/3 nodes are available"));
}

TEST_CASE("why not probed: Pending on a node") {
  Json pod = WebPod();
  pod["status"]["phase"] = "Pending";
  pod["status"]["containerStatuses"] =
      ParseJson(R"([{"name": "app", "state": {"waiting": {"reason": "ErrImagePull"}}}])");
  CHECK(Has(WhyNotProbed(pod), "Pending on node node-a: container app waits: ErrImagePull"));
  pod["status"]["containerStatuses"] =
      ParseJson(R"([{"name": "app", "state": {"waiting": {"reason": "PodInitializing"}}}])");
  pod["status"]["initContainerStatuses"] =
      ParseJson(R"([{"name": "setup", "state": {"running": {}}}])");
  CHECK(Has(WhyNotProbed(pod), "init container setup is still running"));
}

TEST_CASE("why not probed: no address") {
  Json pod = WebPod();
  pod["status"].erase("podIPs");
  pod["status"].erase("podIP");
  CHECK(Has(WhyNotProbed(pod), "no IP address"));
}

TEST_CASE("why not probed: a container in a crash loop still is") {
  Json pod = WebPod();
  pod["status"]["containerStatuses"] =
      ParseJson(R"([{"name": "app", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}])");
  CHECK(WhyNotProbed(pod).empty());
}
