#include "kernel/kernel_log.h"

#include <doctest/doctest.h>

#include "unit/kernel/fact_lists.h"
#include "unit/kernel/proc_tree.h"

using netcheck::probe::ParseConntrackFullLine;
using netcheck::probe::ReadConntrackFullLog;
using netcheck::protocol::Moment;
using netcheck::protocol::Where;

TEST_CASE("kernel log: both forms of the line") {
  const auto newer = ParseConntrackFullLine(
      "4,812,35000123,-;nf_conntrack: nf_conntrack: table full in netns 4026532453, dropping "
      "packet\n SUBSYSTEM=x\n");
  CHECK(newer == 4026532453);
  const auto older = ParseConntrackFullLine("4,3,77,-;nf_conntrack: table full, dropping packet\n");
  CHECK(older == 0);
}

TEST_CASE("kernel log: anything else is none") {
  for (const char* record : {"",
                             "4,3,77,-",
                             "4,3,77,-;",
                             ";nf_conntrack: table full, dropping packet",
                             "x,3,77,-;nf_conntrack: table full, dropping packet",
                             "4,3,77,-;nf_conntrack: table full",
                             "4,3,77,-;nf_conntrack: expectation table full, dropping packet",
                             // Written by a process (facility 1), to mislead.
                             "12,3,77,-;nf_conntrack: table full, dropping packet",
                             "4,3,77,-;web said once upon a time: nf_conntrack: table full, "
                             "dropping packet"}) {
    CAPTURE(record);
    CHECK_FALSE(ParseConntrackFullLine(record));
  }
  const auto odd = ParseConntrackFullLine(
      "4,3,77,-;nf_conntrack: table full in netns 99999999999999999999, dropping packet");
  CHECK(odd == 0);
}

TEST_CASE("kernel log: one that can't be opened is unavailable") {
  const auto facts = ReadConntrackFullLog({Moment::kAfter, Where::kNode}, "/nowhere/kmsg");
  CHECK(netcheck::test::FindUnavailable(facts, "kernel-log").has_value());
}
