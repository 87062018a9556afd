#include "session/probe_main.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "protocol/json.h"
#include "sys/unique_fd.h"
#include "unit/session/stream_capture.h"

namespace netcheck::probe {
namespace {

TEST_CASE("probe main: what is no plan and no command is refused with exit code 2") {
  CHECK(ProbeMain({"netcheck-probe"}) == 2);
  CHECK(ProbeMain({"netcheck-probe", "dance"}) == 2);
  CHECK(ProbeMain({"netcheck-probe", "run"}) == 2);
  CHECK(ProbeMain({"netcheck-probe", "run", "%%%"}) == 2);
  CHECK(ProbeMain({"netcheck-probe", "run", "e30="}) == 2);  // {}: protocol version 0.
  CHECK(ProbeMain({"netcheck-probe", "version", "please"}) == 2);
}

TEST_CASE("probe main: a check that can't be made is refused with exit code 2") {
  const auto check = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"netcheck-probe", "check"});
    return ProbeMain(arguments);
  };
  CHECK(check({}) == 2);
  CHECK(check({"--probe"}) == 2);
  CHECK(check({"--probe", "{"}) == 2);
  CHECK(check({"--probe", "[]", "--pod-ip", "127.0.0.1"}) == 2);
  CHECK(check({"--probe", "{}", "--pod-ip", "127.0.0.1"}) == 2);
  const std::string probe = R"({"tcpSocket": {"port": 1}})";
  CHECK(check({"--probe", probe}) == 2);
  CHECK(check({"--probe", probe, "--pod-ip", "web"}) == 2);
  CHECK(check({"--probe", probe, "--pod-ip", "127.0.0.1", "--repeat", "0"}) == 2);
  CHECK(check({"--probe", probe, "--pod-ip", "127.0.0.1", "--source-port=70000"}) == 2);
  CHECK(check({"--probe", probe, "--pod-ip", "127.0.0.1", "--dance", "1"}) == 2);
  CHECK(check({"--help"}) == 0);
}

/// What `netcheck-probe check --stdin` answers to `lines`.
std::string AnswersTo(const std::string& lines) {
  std::istringstream input(lines);
  std::streambuf* const terminal = std::cin.rdbuf(input.rdbuf());
  std::cin.clear();
  std::fflush(stdout);
  const UniqueFd saved(dup(STDOUT_FILENO));
  const StreamCapture capture;
  REQUIRE(dup2(capture.fd(), STDOUT_FILENO) >= 0);
  const int code = ProbeMain({"netcheck-probe", "check", "--stdin"});
  dup2(saved.get(), STDOUT_FILENO);
  std::cin.rdbuf(terminal);
  CHECK(code == 0);
  return capture.Text();
}

TEST_CASE("probe main: each line of checks is answered, also one that is none") {
  const std::string good =
      R"({"probe": {"tcpSocket": {"port": 1}, "timeoutSeconds": 1}, "podIP": "127.0.0.1"})";
  std::istringstream answers(
      AnswersTo("nonsense\n[]\n" + good + "\n" +
                R"({"probe": {"tcpSocket": {"port": 1}}, "podIP": "::1%lo"})" + "\n" +
                R"({"probe": {"tcpSocket": {"port": 1}}, "podIP": "::1", "repeat": -1})" + "\n" +
                R"({"probe": {"tcpSocket": {"port": "web"}}, "podIP": "::1"})" + "\n"));
  std::vector<std::string> results;
  for (std::string line; std::getline(answers, line);) {
    const auto answer = protocol::Json::parse(line);
    results.push_back(answer.at("result"));
    CHECK(answer.at("error").get<std::string>().empty() == (results.back() == "failure"));
  }
  CHECK(results ==
        std::vector<std::string>{"refused", "refused", "failure", "refused", "refused", "unknown"});
}

TEST_CASE("probe main: help and version are no failures") {
  CHECK(ProbeMain({"netcheck-probe", "version"}) == 0);
  CHECK(ProbeMain({"netcheck-probe", "--help"}) == 0);
}

}  // namespace
}  // namespace netcheck::probe
