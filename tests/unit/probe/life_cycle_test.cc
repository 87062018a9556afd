#include "probe/life_cycle.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "protocol/json.h"
#include "unit/support/fake_api.h"
#include "unit/support/pods.h"
#include "unit/support/probe_log.h"

using namespace netcheck;
using test::ApiError;
using test::FakeApi;
using test::Join;
using test::Json;
using test::ProbeLines;
using test::WatchLine;
using test::WithState;

namespace {

constexpr std::chrono::seconds kStartLimit{5};
const char* kPath = "/api/v1/namespaces/ns/pods/netcheck-probe-x";

Json Pod() {
  return test::ParseJson(R"({"metadata": {"name": "netcheck-probe-x", "namespace": "ns"},
                             "spec": {"nodeName": "node-a"}})");
}

Json Running() {
  return WithState(Pod(), "Running", R"({"running": {}})");
}

class Recorder : public probe_pod::Observer {
 public:
  void Step(const std::string& what) override { steps.push_back(what); }
  void Attempts(int tried, int planned) override { attempts.emplace_back(tried, planned); }
  void Line(std::string_view line) override { lines.emplace_back(line); }
  void Warning(const std::string& /*what*/) override {}

  std::vector<std::string> steps;
  std::vector<std::pair<int, int>> attempts;
  std::vector<std::string> lines;
};

/// A server that starts the pod.
FakeApi Cluster() {
  FakeApi api;
  api.watches.push_back({{WatchLine("MODIFIED", Running())}, {}, {}});
  return api;
}

bool Has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

int GraceOf(const kube::Request& request) {
  return protocol::GetInt(request.body, "gracePeriodSeconds", -1);
}

}  // namespace

TEST_CASE("life cycle: the whole report is read and the pod is gone") {
  FakeApi api = Cluster();
  api.logs.push_back({{Join(ProbeLines())}, {}, {}});
  Recorder recorder;
  const auto outcome = probe_pod::RunProbe(api, Pod(), kStartLimit, recorder);
  CHECK(outcome.problem.empty());
  CHECK(outcome.leftover.empty());
  CHECK(outcome.report.complete);
  REQUIRE(outcome.report.hello);
  CHECK(outcome.report.hello->kernel_release == "6.1.0");
  CHECK(recorder.attempts == std::vector<std::pair<int, int>>{{5, 10}});
  CHECK(api.objects.empty());
  const auto deleted = api.Made(kube::Verb::kDelete, "/pods/");
  REQUIRE(deleted.size() == 1);
  CHECK(deleted[0].even_if_interrupted);
  CHECK(GraceOf(deleted[0]) == 0);
}

TEST_CASE("life cycle: nothing is lost or doubled when the log breaks off in a line") {
  const auto lines = ProbeLines({protocol::ClockPair{1, 2}, protocol::ClockPair{3, 4}});
  const std::string whole = Join(lines);
  for (std::size_t cut = 0; cut < whole.size(); cut += 37) {
    FakeApi api = Cluster();
    api.on_create = [&](const std::string& /*path*/, Json& pod) {
      pod["status"] = Running()["status"];
    };
    api.logs.push_back({{whole.substr(0, cut)}, test::Lost(), {}});
    api.logs.push_back({{whole}, {}, {}});
    Recorder recorder;
    const auto outcome = probe_pod::RunProbe(api, Pod(), kStartLimit, recorder);
    CHECK(outcome.problem.empty());
    CHECK(outcome.report.complete);
    CHECK(outcome.report.clocks.size() == 2);
    CHECK(outcome.report.foreign_lines.empty());
    CHECK(recorder.lines.size() == lines.size());
    CHECK(api.objects.empty());
  }
}

TEST_CASE("life cycle: an image that can't be pulled") {
  FakeApi api;
  api.watches.push_back(
      {{WatchLine("MODIFIED",
                  WithState(Pod(),
                            "Pending",
                            R"({"waiting": {"reason": "ErrImagePull", "message": "not found"}})"))},
       {},
       {}});
  Recorder recorder;
  const auto outcome = probe_pod::RunProbe(api, Pod(), kStartLimit, recorder);
  CHECK(Has(outcome.problem, "ErrImagePull: not found"));
  CHECK(api.objects.empty());
  CHECK(GraceOf(api.Made(kube::Verb::kDelete, "/pods/").at(0)) == 1);
}

TEST_CASE("life cycle: a pod that somebody deletes") {
  FakeApi api;
  api.watches.push_back({{WatchLine("DELETED", Pod())}, {}, {}});
  Recorder recorder;
  CHECK(Has(probe_pod::RunProbe(api, Pod(), kStartLimit, recorder).problem, "somebody deleted it"));

  FakeApi later = Cluster();
  later.logs.push_back({{ProbeLines()[0]}, {}, [&] { later.objects.erase(kPath); }});
  const auto outcome = probe_pod::RunProbe(later, Pod(), kStartLimit, recorder);
  CHECK(Has(outcome.problem, "somebody deleted it"));
  CHECK(outcome.report.hello);
  CHECK_FALSE(outcome.report.complete);
}

TEST_CASE("life cycle: a probe that ends early says why") {
  FakeApi api = Cluster();
  const std::string begun = ProbeLines()[0];
  api.logs.push_back(
      {{begun}, {}, [&] {
         api.objects[kPath] = WithState(
             Pod(), "Failed", R"({"terminated": {"exitCode": 137, "reason": "OOMKilled"}})");
       }});
  api.logs.push_back({{begun}, {}, {}});
  Recorder recorder;
  const auto outcome = probe_pod::RunProbe(api, Pod(), kStartLimit, recorder);
  CHECK(Has(outcome.problem, "OOMKilled"));
  CHECK_FALSE(outcome.report.complete);
  CHECK(api.objects.empty());
}

TEST_CASE("life cycle: an image that holds something else") {
  FakeApi api = Cluster();
  api.watches.clear();
  api.watches.push_back(
      {{WatchLine("MODIFIED", WithState(Pod(), "Failed", R"({"terminated": {"exitCode": 2}})"))},
       {},
       {}});
  api.logs.push_back({{"plan: protocol version 9 is not understood\n"}, {}, {}});
  Recorder recorder;
  const auto outcome = probe_pod::RunProbe(api, Pod(), kStartLimit, recorder);
  CHECK(Has(outcome.problem, "protocol version 9 is not understood"));
  CHECK_FALSE(outcome.report.hello);
}

TEST_CASE("life cycle: a log that is cut off for good") {
  FakeApi api = Cluster();
  const std::string begun = ProbeLines()[0];
  api.logs.push_back({{begun}, {}, [&] {
                        api.objects[kPath] =
                            WithState(Pod(), "Succeeded", R"({"terminated": {"exitCode": 0}})");
                      }});
  api.logs.push_back({{begun}, {}, {}});
  Recorder recorder;
  const auto outcome = probe_pod::RunProbe(api, Pod(), kStartLimit, recorder);
  CHECK(Has(outcome.problem, "cut off"));
  CHECK_FALSE(outcome.report.complete);
}

TEST_CASE("life cycle: a rejected pod is not deleted, one without an answer is") {
  Recorder recorder;
  FakeApi rejecting;
  rejecting.failures["create /api/v1/namespaces/ns/pods"] = test::Forbidden("create");
  CHECK(Has(probe_pod::RunProbe(rejecting, Pod(), kStartLimit, recorder).problem, "forbidden"));
  CHECK(rejecting.Made(kube::Verb::kDelete, "/pods/").empty());

  FakeApi silent;
  silent.failures["create /api/v1/namespaces/ns/pods"] = {
      kube::Failure::kTimeout, 0, "", "no answer in time"};
  CHECK(
      Has(probe_pod::RunProbe(silent, Pod(), kStartLimit, recorder).problem, "no answer in time"));
  CHECK(silent.Made(kube::Verb::kDelete, "/pods/").size() > 1);
}

TEST_CASE("life cycle: an interrupt at each request deletes the pod") {
  const ApiError interrupted{kube::Failure::kInterrupted, 0, "", "interrupted"};
  Recorder recorder;
  FakeApi watching;
  watching.watches.push_back({{}, interrupted, {}});
  auto outcome = probe_pod::RunProbe(watching, Pod(), kStartLimit, recorder);
  CHECK(outcome.interrupted);
  CHECK(watching.objects.empty());

  FakeApi reading = Cluster();
  reading.logs.push_back({{ProbeLines()[0]}, interrupted, {}});
  outcome = probe_pod::RunProbe(reading, Pod(), kStartLimit, recorder);
  CHECK(outcome.interrupted);
  CHECK(reading.objects.empty());

  // A creation that was cut off may be carried out late, so the pod is looked for more than once.
  FakeApi creating;
  creating.failures["create /api/v1/namespaces/ns/pods"] = interrupted;
  outcome = probe_pod::RunProbe(creating, Pod(), kStartLimit, recorder);
  CHECK(outcome.interrupted);
  CHECK(creating.Made(kube::Verb::kDelete, "/pods/").size() > 1);
}

TEST_CASE("life cycle: a pod that can't be deleted is named") {
  FakeApi api = Cluster();
  api.logs.push_back({{Join(ProbeLines())}, {}, {}});
  api.failures[std::string("delete ") + kPath] = test::Forbidden("delete");
  Recorder recorder;
  const auto outcome = probe_pod::RunProbe(api, Pod(), kStartLimit, recorder);
  CHECK(outcome.problem.empty());
  CHECK(Has(outcome.leftover, "kubectl delete pod -n ns netcheck-probe-x"));
}
