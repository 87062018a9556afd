#include "session/probe_main.h"

#include <doctest/doctest.h>

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

TEST_CASE("probe main: help and version are no failures") {
  CHECK(ProbeMain({"netcheck-probe", "version"}) == 0);
  CHECK(ProbeMain({"netcheck-probe", "--help"}) == 0);
}

}  // namespace
}  // namespace netcheck::probe
