#include <doctest/doctest.h>

#include "target/namespace_address.h"
#include "target/process_netns.h"
#include "target/process_stat.h"
#include "unit/kernel/captured.h"
#include "unit/target/process_tree.h"

using netcheck::probe::HasAddress;
using netcheck::probe::OpenNetnsOf;
using netcheck::probe::ParseFibTrieLocals;
using netcheck::probe::ParseIfInet6;
using netcheck::probe::ParseIpAddress;
using netcheck::probe::ParseProcessStat;
using netcheck::test::ProcessTree;
using netcheck::test::ReadCapture;

TEST_CASE("process: stat with a name that tries to mislead") {
  const auto stat = ParseProcessStat(
      "31 (x) Z 1 (y)) S 1 31 31 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 165361 3133440 401\n");
  REQUIRE(stat);
  CHECK(stat->state == 'S');
  CHECK(stat->start_ticks == 165361);
  CHECK(stat->alive());
}

TEST_CASE("process: malformed stat") {
  CHECK_FALSE(ParseProcessStat(""));
  CHECK_FALSE(ParseProcessStat("1 name S 1"));
  CHECK_FALSE(ParseProcessStat("1 (a) S 1 1 1"));
  CHECK_FALSE(ParseProcessStat("1 (a) SS 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9"));
  CHECK_FALSE(ParseProcessStat("1 (a) S 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 -9"));
}

TEST_CASE("process: a number that went to another process opens nothing") {
  ProcessTree proc;
  proc.Add({100, 5000, "", "pod", ""});
  CHECK(OpenNetnsOf({100, 5000}, proc.root()));
  const auto reused = OpenNetnsOf({100, 4999}, proc.root());
  REQUIRE_FALSE(reused);
  CHECK(reused.error().message == "process 100 ended while it was looked at");
  CHECK_FALSE(OpenNetnsOf({101, 5000}, proc.root()));
}

TEST_CASE("addresses of a namespace: captures of Linux 6.18") {
  const auto v4 = ParseFibTrieLocals(ReadCapture("kernel/linux-6.18/fib_trie"));
  REQUIRE(v4.size() == 2);  // Tables main and local list it each.
  CHECK(v4[0] == *ParseIpAddress("127.0.0.1"));
  const auto v6 = ParseIfInet6(ReadCapture("kernel/linux-6.18/if_inet6"));
  REQUIRE(v6.size() == 1);
  CHECK(v6[0] == *ParseIpAddress("::1"));
}

TEST_CASE("addresses of a namespace: only local leaves count, malformed lines don't") {
  CHECK(ParseFibTrieLocals("|-- 10.0.0.0\n /24 link UNICAST\n").empty());
  CHECK(ParseFibTrieLocals("|-- 10.0.0.255\n /32 link BROADCAST\n").empty());
  CHECK(ParseFibTrieLocals("/32 host LOCAL\n|-- 10.0.0\n/32 host LOCAL\n").empty());
  CHECK(ParseFibTrieLocals("|-- 10.0.0.5\n /24 link UNICAST\n /32 host LOCAL\n").size() == 1);
  CHECK(ParseIfInet6("fd00 04 40 00 82 eth0\n\nx\n").empty());
}

TEST_CASE("addresses of a namespace: wanted, not wanted, unknown") {
  ProcessTree proc;
  proc.Add({100, 1, "", "pod", "10.0.0.5"});
  proc.Write("100/net/if_inet6", "fd000000000000000000000000000002 04 40 00 82     eth0\n");
  CHECK(HasAddress({"10.0.0.5"}, 100, proc.root()) == true);
  CHECK(HasAddress({"10.0.0.6", "fd00:0::2"}, 100, proc.root()) == true);
  CHECK(HasAddress({"10.0.0.6", "web"}, 100, proc.root()) == false);
  CHECK_FALSE(HasAddress({}, 100, proc.root()));
  CHECK_FALSE(HasAddress({"10.0.0.5"}, 101, proc.root()));
}
