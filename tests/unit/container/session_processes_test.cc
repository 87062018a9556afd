#include "container/session_processes.h"

#include <doctest/doctest.h>

#include "unit/kernel/proc_tree.h"

using netcheck::probe::ProcessesOfSession;
using netcheck::test::ProcTree;

namespace {

void Add(const ProcTree& proc, int pid, char state, int session) {
  const std::string number = std::to_string(pid);
  proc.Write(number + "/stat",
             number + " (a b) " + state + " 1 " + number + " " + std::to_string(session) +
                 " 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99 0 0\n");
  proc.Write(number + "/comm", "a b\n");
}

}  // namespace

TEST_CASE("session processes: the live ones of that session") {
  const ProcTree proc;
  Add(proc, 10, 'S', 10);
  Add(proc, 11, 'R', 10);
  Add(proc, 12, 'Z', 10);
  Add(proc, 13, 'S', 13);
  const auto left = ProcessesOfSession(10, proc.root());
  REQUIRE(left.size() == 2);
  CHECK(left[0].name == "a b");
  CHECK(left[0].pid + left[1].pid == 21);
  CHECK(ProcessesOfSession(99, proc.root()).empty());
}
