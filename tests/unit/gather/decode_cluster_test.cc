#include "gather/decode_cluster.h"

#include <doctest/doctest.h>

#include "protocol/json.h"
#include "unit/support/pods.h"

using namespace netcheck;
using test::Json;
using test::ParseJson;
using test::ReadyNode;

namespace {

Json Services() {
  return ParseJson(R"({"items": [
    {"metadata": {"name": "web", "namespace": "default"},
     "spec": {"selector": {"app": "web"}, "clusterIPs": ["10.96.0.10", "fd00:96::a"],
              "healthCheckNodePort": 32100,
              "ports": [{"name": "http", "port": 80, "nodePort": 30080, "protocol": "TCP"}]}},
    {"metadata": {"name": "dns", "namespace": "default"},
     "spec": {"selector": {"app": "dns"}, "clusterIPs": ["None"],
              "ports": [{"port": 53, "nodePort": 30053, "protocol": "UDP"}]}},
    {"metadata": {"name": "web", "namespace": "other"}, "spec": {"selector": {"app": "web"}}},
    {"metadata": {"name": "external", "namespace": "default"}, "spec": {}}]})");
}

const std::map<std::string, std::string> kLabels{{"app", "web"}, {"tier", "front"}};

}  // namespace

TEST_CASE("decode node: fields and readiness") {
  const model::Node node = gather::DecodeNode(ReadyNode());
  CHECK(node.name == "node-a");
  CHECK(node.ready);
  CHECK(node.os == "linux");
  CHECK(node.kubelet_version == "v1.34.4");
  CHECK(node.addresses == std::vector<std::string>{"192.0.2.1"});
  CHECK(gather::WhyUnusable(ReadyNode()).empty());
}

TEST_CASE("why unusable: another system, NotReady, unknown") {
  Json windows = ReadyNode();
  windows["status"]["nodeInfo"]["operatingSystem"] = "windows";
  CHECK(gather::WhyUnusable(windows).find("runs windows") != std::string::npos);
  for (const char* status : {"False", "Unknown"}) {
    Json sick = ReadyNode();
    sick["status"]["conditions"][0] = {
        {"type", "Ready"}, {"status", status}, {"message", "Kubelet stopped posting node status."}};
    CHECK(gather::WhyUnusable(sick).find("NotReady (Kubelet stopped posting node status.)") !=
          std::string::npos);
  }
}

TEST_CASE("decode services: NodePorts of all, health checks included") {
  const auto ports = gather::DecodeNodePorts(Services());
  REQUIRE(ports.size() == 3);
  CHECK(ports[0].service == "default/web");
  CHECK(ports[0].port == 30080);
  CHECK(ports[1].port == 32100);
  CHECK(ports[2].protocol == "UDP");
}

TEST_CASE("decode services: those that select the pod") {
  const auto services = gather::DecodeServices(Services(), "default", kLabels);
  REQUIRE(services.size() == 1);
  CHECK(services[0].name == "web");
  CHECK(services[0].cluster_ips == std::vector<std::string>{"10.96.0.10", "fd00:96::a"});
  CHECK(services[0].ports.size() == 1);
}

TEST_CASE("endpoint slices: ready endpoints of this very pod") {
  const auto marked = [](const char* conditions, const char* uid) {
    auto services = gather::DecodeServices(Services(), "default", kLabels);
    const Json slices{
        {"items",
         {{{"metadata", {{"labels", {{"kubernetes.io/service-name", "web"}}}}},
           {"endpoints",
            {{{"conditions", ParseJson(conditions)}, {"targetRef", {{"uid", uid}}}}}}}}}};
    gather::MarkReadyEndpoints(slices, "uid-1", services);
    return services[0].pod_is_ready_endpoint;
  };
  CHECK(marked(R"({"ready": true})", "uid-1"));
  CHECK(marked("{}", "uid-1"));
  CHECK_FALSE(marked(R"({"ready": false})", "uid-1"));
  CHECK_FALSE(marked(R"({"ready": true})", "uid-2"));
}

TEST_CASE("probe events: kubelet's about this pod, oldest first") {
  model::Pod pod;
  pod.uid = "uid-1";
  pod.cgroup_uid = "hash";
  const auto events = gather::DecodeProbeEvents(ParseJson(R"({"items": [
    {"reason": "Unhealthy", "message": "Readiness probe failed: x", "count": 5,
     "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:09:00Z",
     "involvedObject": {"uid": "uid-1", "fieldPath": "spec.containers{app}"}},
    {"reason": "Killing", "message": "Container app failed liveness probe, will be restarted",
     "eventTime": "2026-01-01T00:01:00.000000Z", "series": {"count": 3},
     "involvedObject": {"uid": "hash", "fieldPath": "spec.containers{app}"}},
    {"reason": "Killing", "message": "Stopping container app", "involvedObject": {"uid": "uid-1"}},
    {"reason": "Pulled", "message": "m", "involvedObject": {"uid": "uid-1"}},
    {"reason": "Unhealthy", "message": "m", "involvedObject": {"uid": "uid-of-an-earlier-pod"}}
  ]})"),
                                                pod);
  REQUIRE(events.size() == 2);
  CHECK(events[0].reason == "Killing");
  CHECK(events[0].count == 3);
  CHECK(events[1].reason == "Unhealthy");
  CHECK(events[1].container == "app");
  CHECK(events[1].count == 5);
  CHECK(events[1].last_seen == "2026-01-01T00:09:00Z");
}
