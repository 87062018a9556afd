#include "kernel/counters.h"

#include <doctest/doctest.h>

#include "unit/kernel/captured.h"

using netcheck::probe::ParseCounterPairs;
using netcheck::probe::ParsePerCpuTable;
using netcheck::probe::ParseSnmp6;
using netcheck::probe::ParseSoftnetStat;
using netcheck::test::ReadCapture;

TEST_CASE("counters: netstat and snmp of Linux 6.18") {
  const auto netstat = ParseCounterPairs(ReadCapture("kernel/linux-6.18/netstat"));
  REQUIRE(netstat);
  CHECK(netstat->at("TcpExt.ListenDrops") == 0);
  CHECK(netstat->at("IpExt.InOctets") > 0);
  CHECK_FALSE(netstat->contains("TcpExt.PAWSPassive"));  // Gone with tcp_tw_recycle.
  const auto snmp = ParseCounterPairs(ReadCapture("kernel/linux-6.18/snmp"));
  REQUIRE(snmp);
  CHECK(snmp->at("Tcp.ActiveOpens") == 3);
  CHECK(snmp->at("Tcp.MaxConn") == -1);
  CHECK(snmp->contains("Icmp.InDestUnreachs"));
  CHECK(snmp->contains("Ip.InDiscards"));
}

TEST_CASE("counters: netstat of Linux 3.10 has what later kernels lost") {
  const auto netstat = ParseCounterPairs(ReadCapture("kernel/linux-3.10/netstat"));
  REQUIRE(netstat);
  CHECK(netstat->at("TcpExt.PAWSPassive") == 17);
  CHECK(netstat->at("TcpExt.ListenOverflows") == 4);
  CHECK(netstat->at("IpExt.InOctets") == 812345678901);
  CHECK_FALSE(netstat->contains("TcpExt.TCPTimeWaitKilled"));
}

TEST_CASE("counters: values that could be a neighbour's are refused") {
  CHECK_FALSE(ParseCounterPairs("TcpExt: A B\nTcpExt: 1\n"));
  CHECK_FALSE(ParseCounterPairs("TcpExt: A\nTcpExt: 1 2\n"));
  CHECK_FALSE(ParseCounterPairs("TcpExt: A\nIpExt: 1\n"));
  CHECK_FALSE(ParseCounterPairs("TcpExt: A\n"));
  CHECK_FALSE(ParseCounterPairs("TcpExt A\nTcpExt 1\n"));
  CHECK_FALSE(ParseCounterPairs("\n\n"));
  CHECK(ParseCounterPairs("")->empty());
}

TEST_CASE("counters: a value beyond int64 is absent, its neighbours stay") {
  const auto counters = ParseCounterPairs("X: A B C\nX: 18446744073709551615 x 3");
  REQUIRE(counters);
  CHECK(counters->size() == 1);
  CHECK(counters->at("X.C") == 3);
}

TEST_CASE("counters: snmp6 of Linux 6.18") {
  const auto snmp6 = ParseSnmp6(ReadCapture("kernel/linux-6.18/snmp6"));
  REQUIRE(snmp6);
  CHECK(snmp6->at("Ip6.InReceives") > 0);
  CHECK(snmp6->contains("Icmp6.InDestUnreachs"));
  CHECK(snmp6->contains("UdpLite6.InErrors"));
  CHECK_FALSE(ParseSnmp6("Ip6InReceives\n"));
  CHECK(ParseSnmp6("Other 1\nIp6InReceives x\n")->empty());
}

TEST_CASE("counters: conntrack statistics add up over CPUs, entries do not") {
  const auto old_stats = ParsePerCpuTable(ReadCapture("kernel/linux-3.10/nf_conntrack_stat"));
  REQUIRE(old_stats);
  CHECK(old_stats->at("entries") == 0x1f);
  CHECK(old_stats->at("searched") == 2 * 0xa0b1);
  CHECK(old_stats->at("drop") == 11);
  CHECK(old_stats->at("insert_failed") == 3);
  CHECK(old_stats->at("invalid") == 7);
  CHECK(old_stats->at("early_drop") == 1);
  const auto stats = ParsePerCpuTable(ReadCapture("kernel/linux-6.18/nf_conntrack_stat"));
  REQUIRE(stats);
  CHECK(stats->at("entries") == 3);
  CHECK(stats->contains("clashres"));
  CHECK_FALSE(stats->contains("searched"));
}

TEST_CASE("counters: malformed tables") {
  CHECK_FALSE(ParsePerCpuTable(""));
  CHECK_FALSE(ParsePerCpuTable("entries drop\n00000001\n"));
  CHECK_FALSE(ParsePerCpuTable("entries drop\n00000001 00000002 00000003\n"));
  CHECK_FALSE(ParsePerCpuTable("entries drop\n00000001 zzzzzzzz\n"));
  CHECK_FALSE(ParsePerCpuTable("drop\n1ffffffff\n"));
  CHECK(ParsePerCpuTable("entries drop\n")->empty());
}

TEST_CASE("counters: softnet_stat") {
  const auto stats = ParseSoftnetStat(ReadCapture("kernel/linux-6.18/softnet_stat"));
  REQUIRE(stats);
  CHECK(stats->at("time_squeeze") == 7);
  CHECK(stats->at("dropped") == 0);
  CHECK(stats->at("processed") == 0x1f3b8 + 0x2a4a3);
  CHECK_FALSE(ParseSoftnetStat("00000001 00000002\n"));
}
