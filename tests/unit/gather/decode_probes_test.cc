#include "gather/decode_probes.h"

#include <doctest/doctest.h>

#include "protocol/json.h"
#include "unit/support/pods.h"

using namespace netcheck;
using gather::DecodeProbes;
using gather::ProbeSpec;
using model::ProbeKind;
using model::ProbeType;
using test::Json;
using test::ParseJson;
using test::WebPod;

namespace {

/// The one probe of a pod whose container has this as its liveness probe.
ProbeSpec Decode(const char* probe) {
  Json pod = WebPod();
  pod["spec"]["containers"][0].erase("readinessProbe");
  pod["spec"]["containers"][0]["livenessProbe"] = ParseJson(probe);
  const auto specs = DecodeProbes(pod);
  REQUIRE(specs.size() == 1);
  return specs[0];
}

}  // namespace

TEST_CASE("decode probes: an HTTP probe with what it leaves out") {
  const ProbeSpec spec = Decode(R"({"httpGet": {"port": 8080}})");
  CHECK(spec.probe.container == "app");
  CHECK(spec.probe.type == ProbeType::kLiveness);
  CHECK(spec.probe.kind == ProbeKind::kHttp);
  CHECK(spec.probe.scheme == "HTTP");
  CHECK(spec.probe.path == "/");
  CHECK(spec.probe.address == "10.0.0.5");
  CHECK(spec.probe.port == 8080);
  CHECK(spec.probe.port_name == "8080");
  CHECK(spec.probe.timeout_s == 1);
  CHECK(spec.probe.period_s == 10);
  CHECK(spec.probe.success_threshold == 1);
  CHECK(spec.probe.failure_threshold == 3);
  CHECK(spec.probe.initial_delay_s == 0);
  CHECK(spec.http_host.empty());
}

TEST_CASE("decode probes: numbers as written") {
  const ProbeSpec spec = Decode(R"({"tcpSocket": {"port": 1}, "timeoutSeconds": 7,
      "periodSeconds": 8, "successThreshold": 1, "failureThreshold": 9, "initialDelaySeconds": 5})");
  CHECK(spec.probe.kind == ProbeKind::kTcp);
  CHECK(spec.probe.timeout_s == 7);
  CHECK(spec.probe.period_s == 8);
  CHECK(spec.probe.failure_threshold == 9);
  CHECK(spec.probe.initial_delay_s == 5);
}

TEST_CASE("decode probes: ports as kubelet resolves them") {
  CHECK(Decode(R"({"httpGet": {"port": "http"}})").probe.port == 8080);
  CHECK(Decode(R"({"httpGet": {"port": "http"}})").probe.port_name == "http");
  CHECK(Decode(R"({"httpGet": {"port": "9090"}})").probe.port == 9090);
  CHECK(Decode(R"({"httpGet": {"port": "nothing"}})").probe.port == 0);
  CHECK(Decode(R"({"httpGet": {"port": 70000}})").probe.port == 0);
}

TEST_CASE("decode probes: a name of another container's port is not found") {
  Json pod = WebPod();
  pod["spec"]["containers"].push_back(
      ParseJson(R"({"name": "other", "livenessProbe": {"tcpSocket": {"port": "http"}}})"));
  const auto specs = DecodeProbes(pod);
  REQUIRE(specs.size() == 2);
  CHECK(specs[1].probe.port == 0);
}

TEST_CASE("decode probes: host") {
  const ProbeSpec http = Decode(R"({"httpGet": {"port": 1, "host": "example.org"}})");
  CHECK(http.probe.address == "example.org");
  CHECK(http.http_host == "example.org");
  CHECK(Decode(R"({"tcpSocket": {"port": 1, "host": "127.0.0.1"}})").probe.address == "127.0.0.1");
}

TEST_CASE("decode probes: headers with credentials stay behind") {
  const ProbeSpec spec = Decode(R"({"httpGet": {"port": 1, "httpHeaders": [
      {"name": "X-Probe", "value": "1"}, {"name": "Authorization", "value": "Bearer s3cret"}]}})");
  CHECK(spec.probe.header_names == std::vector<std::string>{"X-Probe", "Authorization"});
  CHECK(spec.probe.withheld_headers == std::vector<std::string>{"Authorization"});
  REQUIRE(spec.headers.size() == 1);
  CHECK(spec.headers[0].name == "X-Probe");
  CHECK(spec.headers[0].value == "1");
}

TEST_CASE("decode probes: gRPC and exec") {
  const ProbeSpec grpc = Decode(R"({"grpc": {"port": 9000, "service": "s"}})");
  CHECK(grpc.probe.kind == ProbeKind::kGrpc);
  CHECK(grpc.probe.port == 9000);
  CHECK(grpc.probe.grpc_service == "s");
  const ProbeSpec exec = Decode(R"({"exec": {"command": ["cat", "/x"]}})");
  CHECK(exec.probe.kind == ProbeKind::kExec);
  CHECK(exec.command == std::vector<std::string>{"cat", "/x"});
  CHECK(exec.probe.command == exec.command);
  CHECK(Decode(R"({"somethingNew": {}})").probe.kind == ProbeKind::kUnknown);
}

TEST_CASE("decode probes: of sidecars, not of ordinary init containers") {
  Json pod = WebPod();
  pod["spec"]["initContainers"] = ParseJson(
      R"([{"name": "setup", "livenessProbe": {"tcpSocket": {"port": 1}}},
          {"name": "mesh", "restartPolicy": "Always", "startupProbe": {"tcpSocket": {"port": 2}}}])");
  const auto specs = DecodeProbes(pod);
  REQUIRE(specs.size() == 2);
  CHECK(specs[0].probe.container == "mesh");
  CHECK(specs[0].probe.type == ProbeType::kStartup);
  CHECK(specs[1].probe.container == "app");
}

TEST_CASE("decode probes: evidence has a command as written, without what variables stand for") {
  Json pod = WebPod();
  Json& app = pod["spec"]["containers"][0];
  app["env"] = ParseJson(R"([{"name": "PASSWORD", "value": "s3cret"}])");
  app["livenessProbe"] =
      ParseJson(R"json({"exec": {"command": ["ping", "-p$(PASSWORD)", "--token=x"]}})json");
  for (const ProbeSpec& spec : DecodeProbes(pod)) {
    if (spec.probe.kind == ProbeKind::kExec) {
      CHECK(spec.command == std::vector<std::string>{"ping", "-ps3cret", "--token=x"});
      CHECK(spec.probe.command == std::vector<std::string>{"ping", "-p$(PASSWORD)", "--token=***"});
    }
  }
}
