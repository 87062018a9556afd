#include "gather/select_probes.h"

#include <doctest/doctest.h>

#include "gather/decode_pod.h"
#include "protocol/json.h"
#include "unit/support/pods.h"

using namespace netcheck;
using gather::SelectProbes;
using model::ProbeKind;
using model::ProbeType;
using test::Json;
using test::ParseJson;
using test::WebPod;

namespace {

gather::Target Target(const Json& pod) {
  gather::Target target;
  target.pod = gather::DecodePod(pod);
  target.probes = gather::DecodeProbes(pod);
  return target;
}

Json WithoutProbes() {
  Json pod = WebPod();
  pod["spec"]["containers"][0].erase("readinessProbe");
  return pod;
}

bool Has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("select probes: all, or by container and kind") {
  Json pod = WebPod();
  pod["spec"]["containers"].push_back(
      ParseJson(R"({"name": "b", "livenessProbe": {"tcpSocket": {"port": 1}}})"));
  const gather::Target target = Target(pod);
  CHECK(SelectProbes(target, {}).value().probes.size() == 2);
  CHECK(SelectProbes(target, {"b", ProbeType::kUnknown}).value().probes.size() == 1);
  const auto readiness = SelectProbes(target, {"", ProbeType::kReadiness});
  REQUIRE(readiness);
  REQUIRE(readiness->probes.size() == 1);
  CHECK(readiness->probes[0].probe.container == "app");
}

TEST_CASE("select probes: a container or a probe that isn't there") {
  const gather::Target target = Target(WebPod());
  auto selection = SelectProbes(target, {"b", ProbeType::kUnknown});
  REQUIRE_FALSE(selection);
  CHECK(selection.error().message == "pod \"web\" has no container \"b\", only: app");
  selection = SelectProbes(target, {"", ProbeType::kStartup});
  REQUIRE_FALSE(selection);
  CHECK(selection.error().message == "pod \"web\" has no startup probe");
}

TEST_CASE("select probes: without probes the declared TCP ports are checked, and it is said") {
  Json pod = WithoutProbes();
  pod["spec"]["containers"][0]["ports"].push_back(
      ParseJson(R"({"containerPort": 53, "protocol": "UDP"})"));
  const auto selection = SelectProbes(Target(pod), {});
  REQUIRE(selection);
  REQUIRE(selection->probes.size() == 1);
  CHECK(selection->probes[0].probe.kind == ProbeKind::kPort);
  CHECK(selection->probes[0].probe.port == 8080);
  CHECK(selection->probes[0].probe.address == "10.0.0.5");
  REQUIRE(selection->not_seen.size() == 1);
  CHECK(Has(selection->not_seen[0].why, "defines no probes"));
}

TEST_CASE("select probes: nothing to check at all") {
  Json pod = WithoutProbes();
  pod["spec"]["containers"][0].erase("ports");
  const auto selection = SelectProbes(Target(pod), {});
  REQUIRE_FALSE(selection);
  CHECK(Has(selection.error().message, "defines no probes, and it declares no TCP ports"));
}

TEST_CASE("select probes: what can't be checked is named with its cost") {
  Json pod = WebPod();
  Json& app = pod["spec"]["containers"][0];
  app["livenessProbe"] = ParseJson(R"({"exec": {"command": ["true"]}})");
  app["startupProbe"] = ParseJson(R"({"grpc": {"port": 9000}})");
  app["readinessProbe"]["httpGet"]["httpHeaders"] =
      ParseJson(R"([{"name": "Cookie", "value": "x"}])");
  const auto selection = SelectProbes(Target(pod), {});
  REQUIRE(selection);
  CHECK(selection->probes.size() == 3);
  REQUIRE(selection->not_seen.size() == 1);
  CHECK(selection->not_seen[0].what == "header Cookie of the readiness probe of container app");
}

TEST_CASE("select probes: a port name that nothing has") {
  Json pod = WebPod();
  pod["spec"]["containers"][0]["readinessProbe"]["httpGet"]["port"] = "admin";
  const auto selection = SelectProbes(Target(pod), {});
  REQUIRE(selection);
  CHECK(selection->probes.front().probe.port_name == "admin");
  CHECK(selection->probes.back().probe.kind == ProbeKind::kPort);
  pod["spec"]["containers"][0].erase("ports");
  const auto alone = SelectProbes(Target(pod), {});
  REQUIRE(alone);
  CHECK(alone->probes.size() == 1);
}
