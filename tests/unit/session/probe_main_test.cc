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

TEST_CASE("probe main: help and version are no failures") {
  CHECK(ProbeMain({"netcheck-probe", "version"}) == 0);
  CHECK(ProbeMain({"netcheck-probe", "--help"}) == 0);
}

}  // namespace
}  // namespace netcheck::probe
