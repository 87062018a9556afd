#include "target/pod_sockets.h"

#include <doctest/doctest.h>

#include "sys/netns.h"
#include "unit/kernel/fact_lists.h"
#include "unit/target/cgroup_shapes.h"
#include "unit/target/process_tree.h"

using netcheck::probe::ParseSockstat;
using netcheck::probe::ReadPodSockets;
using netcheck::protocol::Moment;
using netcheck::protocol::PodSockets;
using netcheck::protocol::Unavailable;
using netcheck::test::FactsOf;
using netcheck::test::kAppId;
using netcheck::test::kUid;
using netcheck::test::ProcessTree;

namespace {

constexpr std::chrono::milliseconds kBudget{5000};
constexpr const char* kHeader =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n";

/// A line of /proc/net/tcp of the socket 10.0.0.5:40000 with that remote address and state.
std::string Socket(const std::string& remote, const std::string& state) {
  return "   1: 0500000A:9C40 " + remote + " " + state + " 00000000:00000000 00:00000000 0 0 0 1\n";
}

std::string CgroupOf(int pod) {
  std::string uid = kUid;
  uid.back() = static_cast<char>('0' + pod % 10);
  uid[uid.size() - 2] = static_cast<char>('0' + pod / 10);
  return "0::/kubepods/besteffort/pod" + uid + "/" + kAppId + "\n";
}

}  // namespace

TEST_CASE("sockstat: hashed TCP sockets of the namespace") {
  CHECK(ParseSockstat("sockets: used 9\nTCP: inuse 7 orphan 0 tw 2 alloc 11 mem 1\n") == 7);
  CHECK(ParseSockstat("TCP6: inuse 3\nUDP6: inuse 1\n") == 3);
  CHECK_FALSE(ParseSockstat(""));
  CHECK_FALSE(ParseSockstat("TCP: inuse\n"));
  CHECK_FALSE(ParseSockstat("TCP: used 3\n"));
}

TEST_CASE("pod sockets: each namespace once, by state") {
  ProcessTree proc;
  proc.Add({100, 1, CgroupOf(1), "pod", "10.0.0.5"});
  proc.Add({101, 2, CgroupOf(1), "pod", "10.0.0.5"});
  proc.Add({102, 3, CgroupOf(2), "node", "192.0.2.1"});  // hostNetwork
  proc.Add({103, 4, "0::/system.slice/sshd.service\n", "other", "10.0.0.9"});
  for (const std::string pid : {"100", "101"}) {  // Whichever the folder lists first is asked.
    proc.Write(pid + "/net/sockstat", "TCP: inuse 5 orphan 0\n");
    proc.Write(pid + "/net/sockstat6", "TCP6: inuse 2\n");
    proc.Write(pid + "/net/tcp",
               kHeader + Socket("00000000:0000", "0A") + Socket("0900000A:01BB", "01") +
                   Socket("0900000A:01BB", "08") + Socket("0100007F:01BB", "01") +
                   Socket("0500000A:01BB", "01"));
  }
  const auto own = netcheck::probe::OpenNetnsFile(proc.root() + "/self/ns/net");
  REQUIRE(own);
  const auto sockets = FactsOf<PodSockets>(ReadPodSockets(
      Moment::kAfter, *netcheck::probe::NetnsInode(own->get()), kBudget, proc.root()));
  REQUIRE(sockets.size() == 1);
  CHECK(sockets[0].pod_uid == kUid.substr(0, kUid.size() - 2) + "01");
  CHECK(sockets[0].in_use == 7);
  CHECK(sockets[0].counted);
  CHECK(sockets[0].addresses == std::vector<std::string>{"10.0.0.5"});
  CHECK(sockets[0].states ==
        std::map<std::string, std::int64_t>{{"CLOSE_WAIT", 1}, {"ESTABLISHED", 1}});
}

TEST_CASE("pod sockets: those with most are told, and how many are not") {
  ProcessTree proc;
  for (int pod = 1; pod <= 20; ++pod) {
    const std::string name = std::to_string(100 + pod);
    proc.Add({100 + pod, 1, CgroupOf(pod), "pod" + name, "10.0.0.5"});
    proc.Write(name + "/net/sockstat", "TCP: inuse " + std::to_string(pod) + " orphan 0\n");
    proc.Write(name + "/net/tcp", kHeader);
  }
  const auto facts = ReadPodSockets(Moment::kAfter, 0, kBudget, proc.root());
  const auto sockets = FactsOf<PodSockets>(facts);
  REQUIRE(sockets.size() == 16);
  CHECK(sockets.front().in_use == 20);
  CHECK(sockets.back().in_use == 5);
  REQUIRE(std::holds_alternative<Unavailable>(facts.front()));
  const auto& left_out = std::get<Unavailable>(facts.front());
  CHECK(left_out.what == "pod-sockets");
  CHECK(left_out.reason.find("4 more network namespaces, each with at most 4 TCP") == 0);
}

TEST_CASE("pod sockets: without time nothing is taken for counted") {
  ProcessTree proc;
  proc.Add({100, 1, CgroupOf(1), "pod", "10.0.0.5"});
  const auto facts = ReadPodSockets(Moment::kAfter, 0, std::chrono::milliseconds(0), proc.root());
  CHECK(FactsOf<PodSockets>(facts).empty());
  CHECK(facts.size() == 1);
}
