#include "cli/parse.h"

#include <doctest/doctest.h>

using namespace netcheck;
using cli::Help;
using cli::Options;
using cli::OutputFormat;
using cli::Parse;
using cli::PodOptions;
using cli::UsageError;

namespace {

std::vector<std::string> Argv(std::vector<std::string> words) {
  words.insert(words.begin(), "/usr/local/bin/kubectl-netcheck");
  return words;
}

Options Accept(std::vector<std::string> words) {
  auto parsed = Parse(Argv(std::move(words)));
  REQUIRE(std::holds_alternative<Options>(parsed));
  return std::get<Options>(std::move(parsed));
}

std::string Refuse(std::vector<std::string> words) {
  auto parsed = Parse(Argv(std::move(words)));
  REQUIRE(std::holds_alternative<UsageError>(parsed));
  return std::get<UsageError>(parsed).message;
}

bool Has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("parse: a pod with nothing else") {
  const Options options = Accept({"pod", "web"});
  const auto& pod = std::get<PodOptions>(options.command);
  CHECK(pod.pod == "web");
  CHECK(pod.output == OutputFormat::kTable);
  CHECK(pod.ports.kind == protocol::PortPlanKind::kUnknown);
  CHECK_FALSE(pod.rate);
  CHECK_FALSE(pod.time_limit_ms);
  CHECK_FALSE(pod.image.empty());
  CHECK_FALSE(options.verbose);
}

TEST_CASE("parse: every flag of pod") {
  const Options options = Accept({"pod",
                                  "pod/web",
                                  "-c",
                                  "app",
                                  "--probe",
                                  "readiness",
                                  "--ports",
                                  "40000-40002",
                                  "--rate=50",
                                  "--timeout",
                                  "1m30s",
                                  "--image",
                                  "img:1",
                                  "-o",
                                  "json",
                                  "--namespace-for-probe",
                                  "tools",
                                  "-v"});
  const auto& pod = std::get<PodOptions>(options.command);
  CHECK(pod.pod == "web");
  CHECK(pod.filter.container == "app");
  CHECK(pod.filter.type == model::ProbeType::kReadiness);
  CHECK(pod.ports.list.size() == 3);
  CHECK(pod.rate == 50);
  CHECK(pod.time_limit_ms == 90000);
  CHECK(pod.image == "img:1");
  CHECK(pod.output == OutputFormat::kJson);
  CHECK(pod.probe_namespace == "tools");
  CHECK(options.verbose);
}

TEST_CASE("parse: kubectl's connection flags, before and after the command") {
  const Options options = Accept({"--context",
                                  "c",
                                  "-n",
                                  "ns",
                                  "pod",
                                  "web",
                                  "--kubeconfig=k",
                                  "-s",
                                  "https://x",
                                  "--as",
                                  "jane",
                                  "--as-group",
                                  "a",
                                  "--as-group=b",
                                  "--insecure-skip-tls-verify",
                                  "--request-timeout",
                                  "5s"});
  CHECK(options.connection.context == "c");
  CHECK(options.connection.namespace_name == "ns");
  CHECK(options.connection.kubeconfig == "k");
  CHECK(options.connection.server == "https://x");
  CHECK(options.connection.as == "jane");
  CHECK(options.connection.as_groups == std::vector<std::string>{"a", "b"});
  CHECK(options.connection.insecure_skip_tls_verify);
  CHECK(options.connection.request_timeout == "5s");
}

TEST_CASE("parse: kubectl's verbosity levels") {
  CHECK(Accept({"pod", "web", "-v=8"}).verbose);
  CHECK(Accept({"pod", "web", "--v=2"}).verbose);
  CHECK(Accept({"pod", "web", "--v"}).verbose);
  CHECK_FALSE(Accept({"pod", "web", "--v=0"}).verbose);
}

TEST_CASE("parse: the other commands") {
  CHECK(std::get<cli::CleanupOptions>(Accept({"cleanup", "--namespace-for-probe", "a"}).command)
            .probe_namespace == "a");
  const auto version = std::get<cli::VersionOptions>(Accept({"version", "--client"}).command);
  CHECK(version.client_only);
  CHECK(std::holds_alternative<cli::ManifestsOptions>(Accept({"manifests"}).command));
}

TEST_CASE("parse: evidence, and explanations") {
  CHECK(std::get<PodOptions>(Accept({"pod", "web", "--save", "f"}).command).save == "f");
  const auto replay = Accept({"replay", "-", "-o", "json", "-v=4"});
  CHECK(std::get<cli::ReplayOptions>(replay.command).file == "-");
  CHECK(std::get<cli::ReplayOptions>(replay.command).output == OutputFormat::kJson);
  CHECK(replay.verbose);
  CHECK(std::get<cli::ExplainOptions>(Accept({"explain"}).command).code.empty());
  CHECK(std::get<cli::ExplainOptions>(Accept({"explain", "listen-1"}).command).code == "listen-1");
  CHECK(Has(Refuse({"pod", "web", "--save", "-"}), "--save"));
  CHECK(Has(Refuse({"replay", "a", "b"}), "one file"));
  CHECK(Has(Refuse({"replay"}), "missing"));
}

TEST_CASE("parse: what is wrong is named") {
  CHECK(Has(Refuse({"pod", "web", "--rate", "20001"}), "from 1 to 20000"));
  CHECK(Has(Refuse({"pod", "web", "--rate", "-5"}), "--rate"));
  CHECK(Has(Refuse({"pod", "web", "--timeout", "10ms"}), "--timeout"));
  CHECK(Has(Refuse({"pod", "web", "--ports", "some"}), "--ports"));
  CHECK(Has(Refuse({"pod", "web", "--probe", "exec"}), "liveness, readiness or startup"));
  CHECK(Has(Refuse({"pod", "web", "-o", "yaml"}), "table or json"));
  CHECK(Has(Refuse({"pod", "a", "b"}), "one pod"));
  CHECK(Has(Refuse({"pod", "Web"}), "can't be the name"));
  CHECK(Has(Refuse({"pod", "web", "--wat"}), "--wat"));
  CHECK(Has(Refuse({"pod", "web", "--wat"}), "kubectl netcheck --help"));
}

TEST_CASE("parse: help, and no command at all") {
  for (const auto& words : {std::vector<std::string>{}, {"--help"}, {"pod", "-h"}}) {
    const auto parsed = Parse(Argv(words));
    REQUIRE(std::holds_alternative<Help>(parsed));
    CHECK(Has(std::get<Help>(parsed).text, "kubectl netcheck"));
  }
  const auto direct = Parse({"./netcheck", "--help"});
  CHECK_FALSE(Has(std::get<Help>(direct).text, "kubectl netcheck "));
}
