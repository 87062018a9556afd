#include "protocol/plan.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "protocol/base64.h"
#include "protocol/json.h"
#include "protocol/version.h"

namespace netcheck::protocol {
namespace {

/// A plan whose every field differs from its default.
Plan FullPlan() {
  Plan plan;
  plan.protocol_version = kProtocolVersion;
  plan.id = "7f3a";
  plan.seed = 0xfedcba9876543210U;
  plan.target = {"2b6c7f0e-0000-4000-8000-000000000001",
                 {{"web", "containerd://" + std::string(64, 'a')}, {"sidecar", ""}},
                 {"10.0.0.5", "fd00::5"},
                 true,
                 4711};
  plan.limits = {300, 7, 11, 45000};
  plan.batches = {{"b1", "10.0.0.5", 8080, {PortPlanKind::kList, 3, {40000, 40001}}, 1500, 25}};
  Check check;
  check.id = "c1";
  check.kind = CheckKind::kHttp;
  check.address = "10.0.0.5";
  check.port = 8443;
  check.http = {
      "HTTPS", "/healthz?full=1", "web.example", {{"X-A", "1"}, {"X-A", "2"}}, "kube-probe/1.34"};
  check.timeout_ms = 900;
  check.patience_ms = 4000;
  check.attempts = 3;
  check.interval_ms = 50;
  check.budget_ms = 8000;
  plan.checks = {check};
  plan.idle_window_ms = 250;
  return plan;
}

TEST_CASE("plan: every field survives the way through the argument") {
  const Plan plan = FullPlan();
  const auto decoded = DecodePlanArgument(EncodePlanArgument(plan));
  REQUIRE(decoded.ok());
  CHECK(ToJson(*decoded) == ToJson(plan));
  CHECK(decoded->seed == plan.seed);
  CHECK(decoded->target.containers[0].id == plan.target.containers[0].id);
  CHECK(decoded->batches[0].ports.ports == plan.batches[0].ports.ports);
  CHECK(decoded->batches[0].give_up_after == 25);
  CHECK(decoded->checks[0].http.headers[1].value == "2");
  CHECK(decoded->checks[0].patience_ms == 4000);
}

TEST_CASE("plan: every kind of port plan and check has a name of its own") {
  for (const auto kind : {PortPlanKind::kKubelet,
                          PortPlanKind::kSpread,
                          PortPlanKind::kSuspects,
                          PortPlanKind::kSweep,
                          PortPlanKind::kList}) {
    Plan plan = FullPlan();
    plan.batches[0].ports.kind = kind;
    const auto decoded = PlanFromJson(ToJson(plan));
    REQUIRE(decoded.ok());
    CHECK(decoded->batches[0].ports.kind == kind);
  }
  for (const auto kind : {CheckKind::kHttp, CheckKind::kTcp}) {
    Plan plan = FullPlan();
    plan.checks[0].kind = kind;
    const auto decoded = PlanFromJson(ToJson(plan));
    REQUIRE(decoded.ok());
    CHECK(decoded->checks[0].kind == kind);
  }
}

TEST_CASE("plan: absent fields take their defaults, unknown ones are ignored") {
  const auto plan = PlanFromJson(Json{{"protocol_version", 1}, {"from_the_future", {1, 2}}});
  REQUIRE(plan.ok());
  CHECK(plan->limits.connections_per_second == Limits{}.connections_per_second);
  CHECK(plan->limits.max_in_flight == Limits{}.max_in_flight);
  CHECK(plan->idle_window_ms == Plan{}.idle_window_ms);
  CHECK(plan->batches.empty());
  CHECK(plan->target.pid == 0);
}

TEST_CASE("plan: what is outside its domain is refused, and the words say what") {
  struct Case {
    const char* words;
    std::function<void(Plan&)> spoil;
  };
  const Case cases[] = {
      {"protocol version 0", [](Plan& p) { p.protocol_version = 0; }},
      {"is not understood by this probe",
       [](Plan& p) { p.protocol_version = kProtocolVersion + 1; }},
      {"limits", [](Plan& p) { p.limits.connections_per_second = 0; }},
      {"limits", [](Plan& p) { p.limits.max_in_flight = 0; }},
      {"limits", [](Plan& p) { p.limits.deadline_ms = 0; }},
      {"limits", [](Plan& p) { p.limits.conntrack_percent = 0; }},
      {"limits", [](Plan& p) { p.limits.conntrack_percent = 101; }},
      {"limits", [](Plan& p) { p.idle_window_ms = -1; }},
      {"batch b1: unknown port plan", [](Plan& p) { p.batches[0].ports.kind = {}; }},
      {"batch b1: port outside", [](Plan& p) { p.batches[0].port = 0; }},
      {"batch b1: port outside", [](Plan& p) { p.batches[0].port = 65536; }},
      {"batch b1: source port outside",
       [](Plan& p) {
         p.batches[0].ports.ports = {1024, -1};
       }},
      {"batch b1: negative count", [](Plan& p) { p.batches[0].ports.count = -1; }},
      {"batch b1: negative count", [](Plan& p) { p.batches[0].timeout_ms = 0; }},
      {"batch b1: negative count", [](Plan& p) { p.batches[0].give_up_after = -1; }},
      {"check c1: unknown kind", [](Plan& p) { p.checks[0].kind = {}; }},
      {"check c1: port outside", [](Plan& p) { p.checks[0].port = 65536; }},
      {"check c1: negative", [](Plan& p) { p.checks[0].timeout_ms = 0; }},
      {"check c1: negative", [](Plan& p) { p.checks[0].patience_ms = p.checks[0].timeout_ms - 1; }},
      {"check c1: negative", [](Plan& p) { p.checks[0].attempts = -1; }},
      {"check c1: negative", [](Plan& p) { p.checks[0].interval_ms = -1; }},
      {"check c1: negative", [](Plan& p) { p.checks[0].budget_ms = -1; }},
  };
  for (const Case& c : cases) {
    CAPTURE(c.words);
    Plan plan = FullPlan();
    c.spoil(plan);
    const auto decoded = PlanFromJson(ToJson(plan));
    REQUIRE_FALSE(decoded.ok());
    CHECK(decoded.error().message.find(c.words) != std::string::npos);
  }
}

TEST_CASE("plan: arguments that are no plan are refused") {
  const auto message = [](const std::string& argument) {
    const auto plan = DecodePlanArgument(argument);
    REQUIRE_FALSE(plan.ok());
    return plan.error().message;
  };
  CHECK(message("$(PLAN)") == "plan: not base64");
  CHECK(message(Base64Encode("{")) == "plan: not JSON");
  CHECK(message("") == "plan: not JSON");
  CHECK(message(Base64Encode("[]")).rfind("plan: ", 0) == 0);
  CHECK(message(Base64Encode("3")).rfind("plan: ", 0) == 0);
  CHECK(
      message(Base64Encode(R"({"protocol_version":1,"batches":{"id":"x"}})")).rfind("plan: ", 0) ==
      0);
  CHECK(message(Base64Encode(R"({"protocol_version":1,"limits":{"max_in_flight":"ten"}})"))
            .rfind("plan: ", 0) == 0);
}

}  // namespace
}  // namespace netcheck::protocol
