#include <doctest/doctest.h>

#include <sstream>

#include "cli/commands.h"
#include "unit/support/fake_api.h"

using namespace netcheck;
using test::FakeApi;

namespace {

struct Outcome {
  int exit_code = 0;
  std::string out;
  std::string err;
};

Outcome Clean(FakeApi& api, const cli::CleanupOptions& options = {}) {
  std::ostringstream out;
  std::ostringstream err;
  cli::Console console{out, err};
  const int exit_code = cli::RunCleanupCommand(options, {api, "default"}, console);
  return {exit_code, out.str(), err.str()};
}

void Leave(FakeApi& api, const std::string& name_space, const std::string& name) {
  api.objects["/api/v1/namespaces/" + name_space + "/pods/" + name] = {
      {"metadata", {{"name", name}, {"namespace", name_space}}},
      {"spec", {{"nodeName", "node-a"}}},
      {"status", {{"phase", "Failed"}}}};
}

}  // namespace

TEST_CASE("cleanup command: says what it removed") {
  FakeApi api;
  Leave(api, "netcheck", "p");
  const Outcome outcome = Clean(api);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out == "pod \"p\" (Failed, on node-a) deleted from namespace netcheck\n");
  CHECK(api.objects.empty());
  CHECK(Clean(api).out == "no probe pods found\n");
}

TEST_CASE("cleanup command: looks where it may") {
  FakeApi api;
  Leave(api, "netcheck", "p");
  Leave(api, "default", "q");
  Leave(api, "other", "r");
  api.failures["get /api/v1/pods"] = test::Forbidden("pods");
  CHECK(Clean(api).exit_code == 0);
  CHECK(api.objects.size() == 1);
}

TEST_CASE("cleanup command: a failure is an error") {
  FakeApi api;
  Leave(api, "netcheck", "p");
  api.failures["delete *"] = test::Forbidden("delete");
  const Outcome outcome = Clean(api);
  CHECK(outcome.exit_code == 2);
  CHECK(outcome.err.find("error: ") == 0);
}
