#pragma once

#include <string>
#include <vector>

#include "protocol/facts.h"

namespace netcheck::protocol {

/// One fact of each kind, every field different from its default.
inline std::vector<Fact> SampleFacts() {
  const auto after = Moment::kAfter;
  const auto pod = Where::kPod;
  const ConntrackTuple tuple{"10.0.0.1", 40000, "10.0.0.5", 8080};
  const TapBatch tap{true, 1, 2, 3};
  return {
      Hello{1, "0.1.0", "7f3a", "6.1.0-28-cloud-amd64", "x86_64"},
      ClockPair{12, 1700000000000000},
      Unavailable{after, pod, "conntrack.entries", "Operation not permitted", 1},
      TargetState{after, true, "seen", 4026532000, 4026531840, {{"web", "abc", true, 4711, 99}}},
      Sysctls{after, pod, {{"net.ipv4.tcp_tw_reuse", "2"}}},
      Counters{after, pod, {{"TcpExt.ListenDrops", 3}}},
      Listeners{after, pod, {{"::", 8080, true, 1, 4096}}},
      ConntrackTable{after, pod, 5, 262144, 65536, {{"drop", 1}}, 77},
      ConntrackUsage{after,
                     pod,
                     "10.0.0.5",
                     5,
                     1,
                     4,
                     2,
                     {{"TCP ESTABLISHED", 4}, {"UDP", 1}},
                     {{"10.0.0.9:443", 4}},
                     "out of time",
                     900,
                     3},
      PodSockets{after,
                 "11111111-2222-3333-4444-555555555555",
                 4026532000,
                 {"10.0.0.5", "fd00::5"},
                 12,
                 true,
                 {{"CLOSE_WAIT", 9}}},
      ConntrackEntry{pod, "b1", 7, true, "SYN_SENT", 8, tuple, tuple},
      IpvsServices{after, {{"TCP", "10.96.0.1", 443, "rr", {{"10.0.0.9", 6443, 1}}}}},
      IpvsConnections{
          after, {{"TCP", "10.0.0.1", 40000, "10.0.0.1", 30000, "10.0.0.5", 8080, "SYN_RECV"}}},
      Neighbours{after, {{"10.0.0.5", "veth1", "FAILED", 120}}, 78},
      FilterTable{
          after, pod, "nft", "ip", "nat", {{"KUBE-POSTROUTING", "- - 3 17 +MASQUERADE"}}, 4, 5},
      CpuThrottling{after, "web", 10, 2, 34567},
      Tap{pod, true, "late", "device"},
      HandshakeColumns{"b1",
                       1,
                       3,
                       "10.0.0.1",
                       {{{40000, 1, 3}}},
                       {{0, 2}, {110, 1}},
                       {{15, 3}},
                       {100, 5, 5},
                       {300, 310, 320}},
      HandshakeDetail{"b1",
                      2,
                      "10.0.0.1",
                      40002,
                      111,
                      "dial tcp 10.0.0.5:8080: connect: connection refused",
                      "SYN_SENT",
                      1,
                      {{pod, 5, "SYN", "10.0.0.1:40002", "10.0.0.5:8080", 0xfffffff0U, 7}}},
      BatchEnd{"b1", 9, 8, 7, 1, 1, "port taken", 3, 4, 5, tap, tap},
      CheckAttempt{"c1",
                   1,
                   "10.0.0.1",
                   45678,
                   10,
                   11,
                   12,
                   13,
                   14,
                   CheckPhase::kBody,
                   "failure",
                   "unexpected EOF",
                   -1,
                   503,
                   "HTTP probe failed with statuscode: 503",
                   "nginx",
                   "/elsewhere",
                   15,
                   ServerSocket{"ESTABLISHED", true, 18, 19, 20, 21, true, 22, 23, 24, 25, 26, 27},
                   ExecRun{"runtime", true, 16, 17, 137, true, true, {"sleep"}}},
      Heartbeat{10, 20},
      End{"done", 17, 4096, 123456},
  };
}

}  // namespace netcheck::protocol
