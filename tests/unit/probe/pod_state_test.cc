#include "probe/pod_state.h"

#include <doctest/doctest.h>

#include <string>

#include "protocol/json.h"
#include "unit/support/pods.h"

using namespace netcheck;
using probe_pod::JudgePod;
using probe_pod::PodStage;
using probe_pod::PodState;
using test::Json;
using test::ParseJson;
using test::WithState;

namespace {

Json Bare() {
  return ParseJson(R"({"metadata": {"name": "p"}})");
}

bool Has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("pod state: waiting, running, finished") {
  CHECK(JudgePod(Bare()).stage == PodStage::kWaiting);
  const PodState creating =
      JudgePod(WithState(Bare(), "Pending", R"({"waiting": {"reason": "ContainerCreating"}})"));
  CHECK(creating.stage == PodStage::kWaiting);
  CHECK(creating.reason == "ContainerCreating");
  CHECK(JudgePod(WithState(Bare(), "Running", R"({"running": {}})")).stage == PodStage::kRunning);
  const PodState done =
      JudgePod(WithState(Bare(), "Succeeded", R"({"terminated": {"exitCode": 0}})"));
  CHECK(done.stage == PodStage::kFinished);
  CHECK(done.reason.empty());
  CHECK(done.has_run);
}

TEST_CASE("pod state: an image that can't be had ends the wait at once") {
  for (const char* reason :
       {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"}) {
    Json state{{"waiting", {{"reason", reason}, {"message", "no such image"}}}};
    const PodState judged = JudgePod(WithState(Bare(), "Pending", state.dump().c_str()));
    CHECK(judged.stage == PodStage::kBroken);
    CHECK(judged.reason == std::string(reason) + ": no such image");
    CHECK(Has(judged.hint, "--image"));
  }
}

TEST_CASE("pod state: a container that can't be created") {
  const PodState judged = JudgePod(WithState(
      Bare(), "Pending", R"({"waiting": {"reason": "CreateContainerError", "message": "m"}})"));
  CHECK(judged.stage == PodStage::kBroken);
  const PodState wrong_machine = JudgePod(WithState(
      Bare(),
      "Failed",
      R"({"terminated": {"exitCode": 128, "reason": "StartError", "message": "exec format error"}})"));
  CHECK(wrong_machine.stage == PodStage::kBroken);
  CHECK(Has(wrong_machine.reason, "exec format error"));
}

TEST_CASE("pod state: kubelet's rejections and evictions") {
  for (const char* reason : {"OutOfcpu", "NodeAffinity", "UnexpectedAdmissionError"}) {
    Json pod = Bare();
    pod["status"] = {{"phase", "Failed"}, {"reason", reason}, {"message", "m"}};
    const PodState judged = JudgePod(pod);
    CHECK(judged.stage == PodStage::kBroken);
    CHECK(judged.reason == std::string(reason) + ": m");
    CHECK_FALSE(judged.has_run);
  }
  Json evicted =
      WithState(Bare(), "Failed", R"({"terminated": {"exitCode": 137, "reason": "Error"}})");
  evicted["status"]["reason"] = "Evicted";
  evicted["status"]["message"] = "low on memory";
  const PodState judged = JudgePod(evicted);
  CHECK(judged.stage == PodStage::kBroken);
  CHECK(Has(judged.reason, "Evicted: low on memory"));
}

TEST_CASE("pod state: killed for memory, and ended by a signal") {
  const PodState oom = JudgePod(
      WithState(Bare(), "Failed", R"({"terminated": {"exitCode": 137, "reason": "OOMKilled"}})"));
  CHECK(oom.stage == PodStage::kFinished);
  CHECK(Has(oom.reason, "OOMKilled"));
  CHECK(Has(JudgePod(WithState(Bare(), "Failed", R"({"terminated": {"exitCode": 137}})")).reason,
            "killed"));
  CHECK(Has(JudgePod(WithState(Bare(), "Failed", R"({"terminated": {"exitCode": 2}})")).reason,
            "exit code 2"));
}

TEST_CASE("pod state: deleted by somebody") {
  Json pod = WithState(Bare(), "Running", R"({"running": {}})");
  pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  CHECK(JudgePod(pod).stage == PodStage::kBroken);
  CHECK(Has(JudgePod(pod).reason, "deleted"));
}

TEST_CASE("pod state: an answer of the wrong shape is no crash") {
  CHECK(JudgePod(ParseJson(R"({"status": 7, "metadata": []})")).stage == PodStage::kWaiting);
  CHECK(JudgePod(ParseJson(R"({"status": {"containerStatuses": [1]}})")).stage ==
        PodStage::kWaiting);
}
