#include "kernel/snapshot.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "kernel/sysctls.h"
#include "protocol/stream.h"
#include "unit/kernel/captured.h"
#include "unit/kernel/fact_lists.h"
#include "unit/kernel/proc_tree.h"

using netcheck::probe::ReadSysctl;
using netcheck::probe::RelevantSysctls;
using netcheck::probe::SnapshotScope;
using netcheck::probe::TakeSnapshot;
using netcheck::protocol::ConntrackTable;
using netcheck::protocol::Counters;
using netcheck::protocol::Fact;
using netcheck::protocol::IpvsConnections;
using netcheck::protocol::IpvsServices;
using netcheck::protocol::Listener;
using netcheck::protocol::Listeners;
using netcheck::protocol::Moment;
using netcheck::protocol::Sysctls;
using netcheck::protocol::Unavailable;
using netcheck::protocol::Where;
using netcheck::test::FactsOf;
using netcheck::test::FindUnavailable;
using netcheck::test::ProcTree;
using netcheck::test::ReadCapture;

namespace {

SnapshotScope Scope(Where where) {
  SnapshotScope scope;
  scope.moment = Moment::kBefore;
  scope.where = where;
  scope.target_addresses = {"10.244.2.2", "FD00:10:244::2"};
  return scope;
}

/// A node of 2014: modules are loadable, and the ones that answer over netlink are not loaded.
void WriteLinux310(const ProcTree& proc) {
  proc.Write("modules", "nf_conntrack 105702 1 - Live 0xffffffffa0123000\n");
  proc.Write("sys/kernel/osrelease", "3.10.0-1160.el7.x86_64\n");
  proc.Write("net/netstat", ReadCapture("kernel/linux-3.10/netstat"));
  proc.Write("net/snmp", ReadCapture("kernel/linux-3.10/snmp"));
  proc.Write("net/tcp", ReadCapture("kernel/linux-3.10/tcp"));
  proc.Write("net/stat/nf_conntrack", ReadCapture("kernel/linux-3.10/nf_conntrack_stat"));
  proc.Write("sys/net/netfilter/nf_conntrack_count", "31\n");
  proc.Write("sys/net/netfilter/nf_conntrack_max", "65536\n");
  proc.Write("sys/net/ipv4/ip_local_port_range", "32768\t61000\n");
  proc.Write("sys/net/ipv4/tcp_tw_recycle", "1\n");
  proc.Write("sys/net/ipv4/conf/all/rp_filter", "1\n");
  proc.Write("sys/net/ipv4/conf/eth0.100/rp_filter", "2\n");
}

}  // namespace

TEST_CASE("snapshot: where nothing can be read, everything is named as missing") {
  const ProcTree proc;
  proc.Write("modules", "");
  const auto facts = TakeSnapshot(Scope(Where::kNode), proc.root());
  for (const char* what : {"counters netstat",
                           "counters snmp",
                           "counters snmp6",
                           "counters softnet_stat",
                           "counters stat/arp_cache",
                           "listeners",
                           "listeners.backlog",
                           "conntrack",
                           "ipvs.services",
                           "ipvs.connections",
                           "sysctl net.ipv4.ip_local_port_range"}) {
    CAPTURE(what);
    const auto missing = FindUnavailable(facts, what);
    REQUIRE(missing);
    CHECK(missing->error_number == ENOENT);
    CHECK_FALSE(missing->reason.empty());
    CHECK(missing->moment == Moment::kBefore);
    CHECK(missing->where == Where::kNode);
  }
  CHECK(FindUnavailable(facts, "ipvs.services")->reason == "module ip_vs is not loaded");
  CHECK(FactsOf<Listeners>(facts).empty());
  CHECK(FactsOf<Counters>(facts).empty());
  CHECK(FactsOf<ConntrackTable>(facts).empty());
  for (const char* name : RelevantSysctls()) {
    CHECK(FindUnavailable(facts, std::string("sysctl ") + name));
  }
}

TEST_CASE("snapshot: Linux 3.10") {
  const ProcTree proc;
  WriteLinux310(proc);
  const auto facts = TakeSnapshot(Scope(Where::kPod), proc.root());
  const auto counters = FactsOf<Counters>(facts);
  REQUIRE(counters.size() == 1);
  CHECK(counters[0].values.at("TcpExt.PAWSPassive") == 17);
  CHECK(counters[0].values.at("Tcp.AttemptFails") == 9);
  CHECK(counters[0].where == Where::kPod);
  CHECK(FindUnavailable(facts, "counters snmp6"));
  const auto tables = FactsOf<ConntrackTable>(facts);
  REQUIRE(tables.size() == 1);
  CHECK(tables[0].count == 31);
  CHECK(tables[0].max == 65536);
  CHECK(tables[0].stats.at("drop") == 11);
  CHECK(FindUnavailable(facts, "conntrack.buckets"));
  const auto sysctls = FactsOf<Sysctls>(facts);
  REQUIRE(sysctls.size() == 1);
  CHECK(sysctls[0].values.at("net.ipv4.tcp_tw_recycle") == "1");
  CHECK(sysctls[0].values.at("net.ipv4.ip_local_port_range") == "32768\t61000");
  CHECK(sysctls[0].values.at("net.ipv4.conf.eth0/100.rp_filter") == "2");
  CHECK(FactsOf<IpvsServices>(facts).empty());
  CHECK_FALSE(FindUnavailable(facts, "ipvs.services"));  // A matter of the node only.
}

TEST_CASE("snapshot: listeners without sock_diag, half-open connections among them") {
  const ProcTree proc;
  WriteLinux310(proc);
  const auto facts = TakeSnapshot(Scope(Where::kPod), proc.root());
  CHECK(FindUnavailable(facts, "listeners.backlog")->reason ==
        "module inet_diag or tcp_diag is not loaded");
  const auto listeners = FactsOf<Listeners>(facts);
  REQUIRE(listeners.size() == 1);
  // The last line is behind the first established connection: not a place for listeners.
  REQUIRE(listeners[0].listeners.size() == 2);
  CHECK(listeners[0].listeners[0].address == "0.0.0.0");
  CHECK(listeners[0].listeners[0].port == 8080);
  CHECK(listeners[0].listeners[0].queue == 3);
  CHECK(listeners[0].listeners[1].address == "127.0.0.1");
  CHECK(listeners[0].listeners[1].port == 9090);
}

TEST_CASE("snapshot: a list of listeners that would have gaps is none") {
  const ProcTree proc;
  WriteLinux310(proc);
  std::string text = "  sl  local_address rem_address   st tx_queue rx_queue\n";
  for (int i = 0; i < 2049; ++i) {
    text += "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000\n";
  }
  proc.Write("net/tcp", text);
  const auto facts = TakeSnapshot(Scope(Where::kPod), proc.root());
  CHECK(FactsOf<Listeners>(facts).empty());
  CHECK(FindUnavailable(facts, "listeners")->error_number == EFBIG);
}

TEST_CASE("snapshot: IPVS services, and the connections of the target only") {
  const ProcTree proc;
  proc.Write("net/ip_vs", ReadCapture("kernel/ipvs/ip_vs"));
  proc.Write("net/ip_vs_conn", ReadCapture("kernel/ipvs/ip_vs_conn"));
  const auto facts = TakeSnapshot(Scope(Where::kNode), proc.root());
  const auto services = FactsOf<IpvsServices>(facts);
  REQUIRE(services.size() == 1);
  CHECK(services[0].services.size() == 4);
  const auto connections = FactsOf<IpvsConnections>(facts);
  REQUIRE(connections.size() == 1);
  REQUIRE(connections[0].connections.size() == 3);
  CHECK(connections[0].connections[0].virtual_port == 31055);
  CHECK(connections[0].connections[1].client == "fd00:10:244::2");
  CHECK(connections[0].connections[2].protocol == "UDP");
}

TEST_CASE("snapshot: of too many IPVS services those in the port range are kept") {
  const ProcTree proc;
  proc.Write("sys/net/ipv4/ip_local_port_range", "30000\t60999\n");
  std::string text;
  for (int i = 0; i < 1500; ++i) {
    text += "TCP  0A600001:0050 rr\n";
  }
  text += "TCP  0A000001:794F rr\nmalformed\n";
  proc.Write("net/ip_vs", text);
  const auto facts = TakeSnapshot(Scope(Where::kNode), proc.root());
  std::size_t count = 0;
  bool has_node_port = false;
  for (const auto& part : FactsOf<IpvsServices>(facts)) {
    count += part.services.size();
    for (const auto& service : part.services) {
      has_node_port = has_node_port || service.port == 31055;
    }
  }
  CHECK(count == 1000);
  CHECK(has_node_port);
  std::vector<std::string> reasons;
  for (const auto& missing : FactsOf<Unavailable>(facts)) {
    if (missing.what == "ipvs.services") {
      reasons.push_back(missing.reason);
    }
  }
  CHECK(reasons ==
        std::vector<std::string>{"1 malformed lines", "501 more services than are reported"});
}

TEST_CASE("snapshot: each fact fits into a line, however much there is") {
  const ProcTree proc;
  for (int i = 0; i < 100; ++i) {
    proc.Write("sys/net/ipv4/conf/veth" + std::to_string(i) + "/rp_filter", "0\n");
  }
  proc.Write("sys/net/ipv4/ip_local_reserved_ports", std::string(3001, '1') + "\n");
  proc.Write("net/netstat", ReadCapture("kernel/linux-6.18/netstat"));
  const auto facts = TakeSnapshot(Scope(Where::kNode), proc.root());
  for (const auto& fact : facts) {
    CHECK(netcheck::protocol::EncodeLine(1'000'000, fact).size() <=
          netcheck::protocol::kMaxLineBytes);
  }
  CHECK(FactsOf<Counters>(facts).size() > 1);
  CHECK(FindUnavailable(facts, "sysctl net.ipv4.ip_local_reserved_ports")->error_number == EFBIG);
  CHECK(FindUnavailable(facts, "sysctl net.ipv4.conf.*.rp_filter")->reason ==
        "36 more devices than are reported");
}

TEST_CASE("snapshot: malformed files are missing, not zero") {
  const ProcTree proc;
  WriteLinux310(proc);
  proc.Write("net/netstat", "TcpExt: A B\nTcpExt: 1\n");
  proc.Write("net/stat/nf_conntrack", "entries drop\n1\n");
  proc.Write("sys/net/netfilter/nf_conntrack_buckets", "many\n");
  const auto facts = TakeSnapshot(Scope(Where::kPod), proc.root());
  CHECK(FindUnavailable(facts, "counters netstat"));
  CHECK(FindUnavailable(facts, "conntrack.stats"));
  CHECK(FindUnavailable(facts, "conntrack.buckets")->reason == "not a number: many");
}

TEST_CASE("snapshot: a namespace that can't be entered is named") {
  const ProcTree proc;
  proc.Write("file", "not a namespace");
  auto scope = Scope(Where::kPod);
  std::FILE* file = std::fopen((proc.root() + "/file").c_str(), "re");
  REQUIRE(file != nullptr);
  scope.netns_fd = fileno(file);
  const auto facts = TakeSnapshot(scope, proc.root());
  std::fclose(file);
  for (const char* what : {"counters", "listeners", "conntrack", "sysctls"}) {
    REQUIRE(FindUnavailable(facts, what));
    CHECK(FindUnavailable(facts, what)->error_number != 0);
  }
}

TEST_CASE("sysctl: dots and slashes") {
  const ProcTree proc;
  proc.Write("sys/net/ipv4/conf/eth0.100/rp_filter", "2\n");
  CHECK(ReadSysctl("net.ipv4.conf.eth0/100.rp_filter", proc.root()).value() == "2");
  CHECK(ReadSysctl("net.ipv4.conf.eth1.rp_filter", proc.root()).error().error_number == ENOENT);
}
