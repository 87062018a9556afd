#include "probe/pod_spec.h"

#include <doctest/doctest.h>

#include "kube/yaml.h"
#include "probe/manifests.h"
#include "protocol/json.h"

using namespace netcheck;

namespace {

protocol::Plan SmallPlan() {
  protocol::Plan plan;
  plan.protocol_version = 1;
  plan.id = "abc";
  plan.limits.deadline_ms = 30001;
  return plan;
}

}  // namespace

TEST_CASE("pod spec: the manifest filled in") {
  const auto pod = probe_pod::BuildProbePod({"tools", "node-a", "img:1"}, SmallPlan());
  REQUIRE(pod);
  CHECK((*pod)["metadata"]["name"] == "netcheck-probe-abc");
  CHECK((*pod)["metadata"]["namespace"] == "tools");
  CHECK((*pod)["metadata"]["labels"]["netcheck/run"] == "abc");
  CHECK((*pod)["metadata"]["labels"][probe_pod::kNameLabel] == probe_pod::kNameLabelValue);
  CHECK((*pod)["metadata"]["labels"][probe_pod::kManagedByLabel] ==
        probe_pod::kManagedByLabelValue);
  const auto& spec = (*pod)["spec"];
  CHECK(spec["nodeName"] == "node-a");
  CHECK(spec["activeDeadlineSeconds"] == 31 + probe_pod::kStartLimitSeconds);
  const auto& container = spec["containers"][0];
  CHECK(container["name"] == probe_pod::kContainerName);
  CHECK(container["image"] == "img:1");
  REQUIRE(container["args"].size() == 2);
  CHECK(container["args"][0] == "run");
  const auto plan = protocol::DecodePlanArgument(container["args"][1].get<std::string>());
  REQUIRE(plan);
  CHECK(plan->id == "abc");
}

TEST_CASE("pod spec: what makes the pod safe is in the manifest") {
  const auto pod = probe_pod::BuildProbePod({"tools", "node-a", "img:1"}, SmallPlan());
  REQUIRE(pod);
  const auto& spec = (*pod)["spec"];
  CHECK(spec["restartPolicy"] == "Never");
  CHECK(spec["automountServiceAccountToken"] == false);
  CHECK_FALSE(spec.contains("volumes"));
  const auto& container = spec["containers"][0];
  CHECK(container["securityContext"]["readOnlyRootFilesystem"] == true);
  CHECK(container["resources"]["limits"].contains("memory"));
  CHECK_FALSE(container["resources"]["limits"].contains("cpu"));
}

TEST_CASE("pod spec: a plan that no process could take is refused") {
  protocol::Plan plan = SmallPlan();
  protocol::HandshakeBatch batch;
  batch.ports.ports.assign(30000, 40000);
  plan.batches.push_back(batch);
  const auto pod = probe_pod::BuildProbePod({"tools", "node-a", "img:1"}, plan);
  REQUIRE_FALSE(pod);
  CHECK(pod.error().message.find("too large") != std::string::npos);
}

TEST_CASE("pod spec: the namespace manifest admits privileged pods") {
  const auto manifest = kube::JsonFromYaml(probe_pod::kNamespaceManifest);
  REQUIRE(manifest);
  CHECK((*manifest)["metadata"]["name"] == "netcheck");
  CHECK((*manifest)["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged");
}
