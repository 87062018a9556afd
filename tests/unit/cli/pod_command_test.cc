#include <doctest/doctest.h>

#include <sstream>

#include "cli/commands.h"
#include "cli/pod_run.h"
#include "protocol/json.h"
#include "unit/support/fake_api.h"
#include "unit/support/pods.h"
#include "unit/support/probe_log.h"

using namespace netcheck;
using test::FakeApi;
using test::Json;
using test::WithState;

namespace {

class Silent : public probe_pod::Observer {
 public:
  void Step(const std::string& /*what*/) override {}
  void Attempts(int /*tried*/, int /*planned*/) override {}
  void Line(std::string_view /*line*/) override {}
  void Warning(const std::string& what) override { warnings.push_back(what); }

  std::vector<std::string> warnings;
};

/// A cluster in which the probe pod runs as soon as it is created.
FakeApi Cluster() {
  FakeApi api;
  api.objects["/api/v1/namespaces/netcheck"] = {{"metadata", {{"name", "netcheck"}}}};
  api.objects["/api/v1/namespaces/default/pods/web"] = test::WebPod();
  api.objects["/api/v1/nodes/node-a"] = test::ReadyNode();
  api.objects["/version"] = {{"gitVersion", "v1.34.4"}};
  api.on_create = [](const std::string& /*path*/, Json& pod) {
    pod = WithState(std::move(pod), "Running", R"({"running": {}})");
  };
  return api;
}

cli::PodOptions Web() {
  cli::PodOptions options;
  options.pod = "web";
  options.image = "img:1";
  return options;
}

}  // namespace

TEST_CASE("collect evidence: everything a diagnosis needs, and no header values") {
  FakeApi api = Cluster();
  Json& probe = api.objects["/api/v1/namespaces/default/pods/web"]["spec"]["containers"][0]
                           ["readinessProbe"]["httpGet"];
  probe["httpHeaders"] = test::ParseJson(R"([{"name": "X-Site", "value": "private"}])");
  api.logs.push_back({{test::Join(test::ProbeLines())}, {}, {}});
  Silent observer;
  const auto live = cli::CollectEvidence(Web(), {api, "default"}, observer);
  CHECK(live.evidence.problem.empty());
  CHECK(live.usable);
  CHECK(live.evidence.server_version == "v1.34.4");
  CHECK(live.evidence.pod.uid == live.evidence.pod_after.uid);
  CHECK(live.evidence.report.complete);
  REQUIRE(live.evidence.probes.size() == 1);
  CHECK(live.evidence.probes[0].check_ids.size() == 1);
  CHECK(model::ToJson(live.evidence).dump().find("private") == std::string::npos);
  const auto created = api.Made(kube::Verb::kCreate, "/netcheck/pods");
  REQUIRE(created.size() == 2);  // The dry run, and the pod.
  const auto plan = protocol::DecodePlanArgument(
      created[1].body["spec"]["containers"][0]["args"][1].get<std::string>());
  REQUIRE(plan);
  CHECK(plan->checks[0].http.headers[0].value == "private");
  CHECK(api.Made(kube::Verb::kDelete, "/netcheck/pods/").size() == 1);
}

TEST_CASE("collect evidence: a deleted pod is not the one that was looked at") {
  FakeApi api = Cluster();
  api.logs.push_back({{test::Join(test::ProbeLines())}, {}, [&] {
                        api.objects.erase("/api/v1/namespaces/default/pods/web");
                      }});
  Silent observer;
  const auto live = cli::CollectEvidence(Web(), {api, "default"}, observer);
  CHECK(live.usable);
  CHECK(live.evidence.pod_after.uid.empty());
  REQUIRE_FALSE(live.evidence.not_seen.empty());
}

TEST_CASE("collect evidence: a probe of another release is told") {
  FakeApi api = Cluster();
  protocol::Hello hello;
  hello.protocol_version = protocol::kProtocolVersion;
  hello.probe_version = "0.0.1";
  protocol::End end;
  end.lines = 1;
  api.logs.push_back({{protocol::EncodeLine(0, hello) + protocol::EncodeLine(1, end)}, {}, {}});
  Silent observer;
  CHECK(cli::CollectEvidence(Web(), {api, "default"}, observer).usable);
  REQUIRE(observer.warnings.size() == 1);
  CHECK(observer.warnings[0].find("0.0.1") != std::string::npos);
}

TEST_CASE("collect evidence: a newer protocol is not read") {
  FakeApi api = Cluster();
  protocol::Hello hello;
  hello.protocol_version = protocol::kProtocolVersion + 1;
  hello.probe_version = "9.0.0";
  protocol::End end;
  end.lines = 1;
  api.logs.push_back({{protocol::EncodeLine(0, hello) + protocol::EncodeLine(1, end)}, {}, {}});
  Silent observer;
  const auto live = cli::CollectEvidence(Web(), {api, "default"}, observer);
  CHECK_FALSE(live.usable);
  CHECK(live.evidence.problem.find("9.0.0") != std::string::npos);
}

TEST_CASE("pod command: nothing is created before everything is known to work") {
  std::ostringstream out;
  std::ostringstream err;
  cli::Console console{out, err};
  FakeApi api = Cluster();
  api.denied = {"get pods/log netcheck"};
  CHECK(cli::RunPodCommand(Web(), false, {api, "default"}, console) == cli::kExitFailed);
  CHECK(api.Made(kube::Verb::kCreate, "/netcheck/pods").empty());
  CHECK(out.str().empty());
  CHECK(err.str().find("error: your user lacks rights: get on pods/log in namespace netcheck") !=
        std::string::npos);
}
