#include "gather/plan_builder.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "gather/decode_pod.h"
#include "protocol/json.h"
#include "unit/support/pods.h"

using namespace netcheck;
using gather::BuildPlan;
using gather::BuiltPlan;
using gather::PlanOptions;
using protocol::PortPlanKind;
using test::Json;
using test::ParseJson;
using test::WebPod;

namespace {

BuiltPlan Build(const Json& pod,
                const PlanOptions& options = {"id", 7, {}, {}, {}, "kube-probe/1.34"},
                const std::vector<model::NodePort>& node_ports = {}) {
  return BuildPlan(gather::DecodePod(pod), gather::DecodeProbes(pod), node_ports, options);
}

PlanOptions With(const char* ports, std::optional<int> rate = {}, std::optional<int> limit = {}) {
  return {"id", 7, gather::ParsePortChoice(ports).value(), rate, limit, "kube-probe/1.34"};
}

/// A pod with `n` readiness probes on different ports.
Json ManyProbes(int n) {
  Json pod = WebPod();
  pod["spec"]["containers"] = Json::array();
  for (int i = 0; i < n; ++i) {
    pod["spec"]["containers"].push_back(
        {{"name", "c" + std::to_string(i)},
         {"readinessProbe", {{"tcpSocket", {{"port", 9000 + i}}}}}});
  }
  return pod;
}

}  // namespace

TEST_CASE("plan: target, identity and a valid argument") {
  const BuiltPlan built = Build(WebPod());
  CHECK(built.plan.id == "id");
  CHECK(built.plan.seed == 7);
  CHECK(built.plan.target.pod_uid == "11111111-2222-3333-4444-555555555555");
  REQUIRE(built.plan.target.containers.size() == 1);
  CHECK(built.plan.target.containers[0].id == "containerd://abc");
  CHECK(built.plan.target.pod_ips.size() == 2);
  CHECK(protocol::DecodePlanArgument(protocol::EncodePlanArgument(built.plan)));
}

TEST_CASE("plan: the default mix for one probe") {
  const BuiltPlan built = Build(
      WebPod(), With(""), {{"a/b", "TCP", 30080}, {"a/b", "UDP", 30053}, {"a/c", "TCP", 30080}});
  REQUIRE(built.plan.batches.size() == 3);
  for (const auto& batch : built.plan.batches) {
    CHECK(batch.address == "10.0.0.5");
    CHECK(batch.port == 8080);
    CHECK(batch.timeout_ms == 2000);
  }
  CHECK(built.plan.batches[0].ports.kind == PortPlanKind::kKubelet);
  CHECK(built.plan.batches[0].ports.count == 30);
  CHECK(built.plan.batches[1].ports.kind == PortPlanKind::kSpread);
  CHECK(built.plan.batches[1].ports.count == 200);
  CHECK(built.plan.batches[2].ports.kind == PortPlanKind::kSuspects);
  CHECK(built.plan.batches[2].ports.count == 160);
  CHECK(built.plan.batches[2].ports.ports == std::vector<int>{30080});
  REQUIRE(built.probes.size() == 1);
  CHECK(built.probes[0].batch_ids.size() == 3);
  CHECK(built.probes[0].check_ids == std::vector<std::string>{"app/readiness"});
}

TEST_CASE("plan: a healthy pod is done within 5 s, however many probes it has") {
  for (const int n : {1, 2, 3, 6}) {
    const BuiltPlan built = Build(ManyProbes(n));
    int handshakes = 0;
    for (const auto& batch : built.plan.batches) {
      handshakes += batch.ports.count;
    }
    CHECK(built.plan.idle_window_ms +
              handshakes * 1000 / built.plan.limits.connections_per_second <=
          5000);
  }
}

TEST_CASE("plan: probes of the same port share its handshakes") {
  Json pod = WebPod();
  Json& app = pod["spec"]["containers"][0];
  app["livenessProbe"] = app["readinessProbe"];
  app["livenessProbe"]["timeoutSeconds"] = 1;
  const BuiltPlan built = Build(pod);
  CHECK(built.plan.batches.size() == 3);
  CHECK(built.plan.batches[0].timeout_ms == 2000);
  CHECK(built.plan.checks.size() == 2);
  CHECK(built.probes[0].batch_ids == built.probes[1].batch_ids);
}

TEST_CASE("plan: the HTTP check is kubelet's own") {
  const BuiltPlan built = Build(WebPod());
  REQUIRE(built.plan.checks.size() == 1);
  const protocol::Check& check = built.plan.checks[0];
  CHECK(check.kind == protocol::CheckKind::kHttp);
  CHECK(check.address == "10.0.0.5");
  CHECK(check.port == 8080);
  CHECK(check.http.path == "/healthz");
  CHECK(check.http.user_agent == "kube-probe/1.34");
  CHECK(check.timeout_ms == 2000);
  CHECK(check.patience_ms == 20000);
  CHECK(check.attempts == 10);
}

TEST_CASE("plan: patience is never less than kubelet's") {
  Json pod = WebPod();
  pod["spec"]["containers"][0]["readinessProbe"]["timeoutSeconds"] = 60;
  const BuiltPlan built = Build(pod);
  CHECK(built.plan.checks[0].patience_ms == 60000);
  CHECK(built.plan.batches[0].timeout_ms == 3000);
}

TEST_CASE("plan: --ports replaces the mix") {
  CHECK(Build(WebPod(), With("sweep")).plan.batches.size() == 1);
  CHECK(Build(WebPod(), With("kubelet")).plan.batches[0].ports.kind == PortPlanKind::kKubelet);
  const BuiltPlan listed = Build(WebPod(), With("40000,40001"));
  REQUIRE(listed.plan.batches.size() == 1);
  CHECK(listed.plan.batches[0].ports.kind == PortPlanKind::kList);
  CHECK(listed.plan.batches[0].ports.ports == std::vector<int>{40000, 40001});
  REQUIRE(listed.plan.checks.size() == 1);
  CHECK(listed.plan.checks[0].attempts == 3);
}

TEST_CASE("plan: the limits follow --rate and never otherwise") {
  const protocol::Limits usual = Build(WebPod()).plan.limits;
  CHECK(usual.connections_per_second == 200);
  CHECK(usual.max_in_flight == 10);
  CHECK(usual.conntrack_percent == 5);
  const protocol::Limits slow = Build(WebPod(), With("", 5)).plan.limits;
  CHECK(slow.connections_per_second == 5);
  CHECK(slow.max_in_flight == 10);
  const protocol::Limits fast = Build(WebPod(), With("sweep", 20000)).plan.limits;
  CHECK(fast.connections_per_second == 20000);
  CHECK(fast.max_in_flight == 1000);
  CHECK(fast.conntrack_percent == 50);
}

TEST_CASE("plan: the deadline holds the worst case, and --timeout shortens it") {
  const int usual = Build(WebPod()).plan.limits.deadline_ms;
  // 390 handshakes of 2 s, ten at a time, and one check of 15 s and 20 s.
  CHECK(usual > 390 / 10 * 2000 + 35000);
  CHECK(Build(WebPod(), With("sweep")).plan.limits.deadline_ms > 64512 / 10 * 2000);
  CHECK(Build(WebPod(), With("", {}, 5000)).plan.limits.deadline_ms == 5000);
  CHECK(Build(WebPod(), With("", {}, 86400000)).plan.limits.deadline_ms == usual);
}

TEST_CASE("plan: gRPC gets handshakes and checks, exec and a host name checks only") {
  Json pod = WebPod();
  Json& app = pod["spec"]["containers"][0];
  app["livenessProbe"] = ParseJson(R"({"exec": {"command": ["cat", "/x"]}, "timeoutSeconds": 2})");
  app["startupProbe"] = ParseJson(R"({"grpc": {"port": 9000, "service": "s"}})");
  app["readinessProbe"]["httpGet"]["host"] = "example.org";
  const BuiltPlan built = Build(pod);
  REQUIRE(built.probes.size() == 3);
  CHECK(built.probes[0].batch_ids.size() == 3);  // startup, gRPC
  CHECK(built.probes[0].check_ids.size() == 1);
  CHECK(built.plan.checks[0].kind == protocol::CheckKind::kGrpc);
  CHECK(built.plan.checks[0].grpc.service == "s");
  CHECK(built.plan.checks[0].grpc.user_agent == built.plan.checks[2].http.user_agent);
  CHECK(built.probes[1].batch_ids.empty());  // liveness, exec
  REQUIRE(built.probes[1].check_ids.size() == 1);
  const protocol::Check& command = built.plan.checks[1];
  CHECK(command.kind == protocol::CheckKind::kExec);
  CHECK(command.exec.container == "app");
  CHECK(command.exec.command == std::vector<std::string>{"cat", "/x"});
  CHECK(command.timeout_ms == 2000);
  CHECK(command.patience_ms == 8000);
  CHECK(command.attempts == 5);
  CHECK(built.probes[2].batch_ids.empty());  // readiness, name
  CHECK(built.probes[2].check_ids.size() == 1);
  CHECK(built.plan.checks[2].http.host == "example.org");
  CHECK(built.not_seen.size() == 1);
}

TEST_CASE("plan: thousands of NodePorts are thinned out, over the whole range") {
  std::vector<model::NodePort> node_ports;
  for (int port = 30000; port < 50000; ++port) {
    node_ports.push_back({"a/b", "TCP", port});
  }
  const BuiltPlan built = Build(ManyProbes(2), With(""), node_ports);
  const auto& candidates = built.plan.batches[2].ports.ports;
  CHECK(candidates.size() == 4000);
  CHECK(candidates.front() == 30000);
  CHECK(candidates.back() >= 49990);
}

TEST_CASE("plan: ids are unique") {
  Json pod = ManyProbes(4);
  pod["spec"]["containers"][0]["livenessProbe"] = {
      {"tcpSocket", {{"port", 9000}, {"host", "fd00::7"}}}};
  const BuiltPlan built = Build(pod);
  std::vector<std::string> ids;
  for (const auto& batch : built.plan.batches) {
    ids.push_back(batch.id);
  }
  for (const auto& check : built.plan.checks) {
    ids.push_back(check.id);
  }
  std::sort(ids.begin(), ids.end());
  CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
}
