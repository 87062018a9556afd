// tcp_tw_recycle behind NAT, from the counters of a 3.10 kernel, and what looks like it.
#include <doctest/doctest.h>

#include <cerrno>

#include "diagnosis/finding.h"
#include "support/evidence_builder.h"
#include "support/mentions.h"

namespace netcheck::diagnosis {
namespace {

using protocol::kResultDeadline;
using protocol::Moment;
using protocol::Where;
using test::EvidenceBuilder;
using test::Mentions;

constexpr std::uint32_t kReachedPod = protocol::kSeenNodeSyn | protocol::kSeenPodSyn;

std::vector<std::string> Codes(const EvidenceBuilder& builder) {
  std::vector<std::string> codes;
  for (const Finding& finding : Diagnose(builder.Build()).findings) {
    codes.push_back(finding.code);
  }
  return codes;
}

using Names = std::vector<std::string>;

/// How much the counters of the pod's namespace rise meanwhile.
struct Rises {
  std::int64_t passive = 0;
  std::int64_t drops = 0;
  std::int64_t overflows = 0;
  std::int64_t established = 0;
  /// Of PAWSPassive, in the idle window.
  std::int64_t idle = 0;
};

/// A node of CentOS 7: five SYNs reach the pod and are dropped there. Before 4.11 a pod's namespace
/// shows neither of the two settings: they are the node's.
EvidenceBuilder Linux310(const Rises& rises) {
  EvidenceBuilder builder;
  protocol::Hello hello;
  hello.kernel_release = "3.10.0-1160.el7.x86_64";
  builder.evidence().report.hello = hello;
  builder.Handshakes(5, {kResultDeadline, kReachedPod})
      .NodeSysctl("net.ipv4.tcp_tw_recycle", "1")
      .NodeSysctl("net.ipv4.tcp_timestamps", "1")
      .Counter(Where::kPod, "TcpExt.PAWSPassive", 17, 17 + rises.passive)
      .Counter(Where::kPod, "TcpExt.ListenDrops", 40, 40 + rises.drops)
      .Counter(Where::kPod, "TcpExt.ListenOverflows", 4, 4 + rises.overflows)
      .Counter(Where::kPod, "TcpExt.PAWSEstab", 2, 2 + rises.established);
  builder.evidence().report.counters.push_back(
      {Moment::kIdle, Where::kPod, {{"TcpExt.PAWSPassive", 17 - rises.idle}}});
  return builder;
}

}  // namespace

TEST_CASE("tw_recycle: proven when all that was dropped was dropped for it") {
  const EvidenceBuilder builder = Linux310({5, 5});
  const Report report = Diagnose(builder.Build());
  REQUIRE(Codes(builder) == Names{"NC-PAWS-001"});
  const Finding& finding = report.findings[0];
  CHECK(finding.certainty == Certainty::kProven);
  CHECK(finding.claims.size() == 5);
  CHECK(Mentions(finding.evidence, "PAWSPassive of that namespace rose by 5"));
  CHECK(Mentions(finding.evidence, "3.10.0-1160"));
  CHECK(Mentions(finding.fix, "tcp_tw_recycle=0"));
  CHECK_FALSE(Mentions(finding.fix, "tcp_timestamps=0"));
}

TEST_CASE("tw_recycle: SYNs that were sent again count more often") {
  const Report report = Diagnose(Linux310({8, 8}).Build());
  REQUIRE(report.findings.size() == 1);
  CHECK(report.findings[0].certainty == Certainty::kProven);
}

TEST_CASE("tw_recycle: likely when others are dropped, too, or nobody saw the SYN arrive") {
  const Report others = Diagnose(Linux310({9, 9, 0, 0, 3}).Build());
  REQUIRE(others.findings.size() == 1);
  CHECK(others.findings[0].certainty == Certainty::kLikely);
  EvidenceBuilder untapped = Linux310({5, 5});
  untapped.evidence().report.handshakes.clear();
  untapped.evidence().report.batch_ends.clear();
  untapped.Handshakes(5, {kResultDeadline, 0}).WithoutTaps();
  const Report blind = Diagnose(untapped.Build());
  REQUIRE(Codes(untapped) == Names{"NC-PAWS-001"});
  CHECK(blind.findings[0].certainty == Certainty::kLikely);
}

TEST_CASE("tw_recycle: the setting of the pod's own namespace holds where it has one") {
  EvidenceBuilder builder = Linux310({5, 5});
  builder.evidence().report.sysctls.push_back(
      {Moment::kBefore, Where::kPod, {{"net.ipv4.tcp_tw_recycle", "0"}}});
  CHECK(Codes(builder).empty());
}

TEST_CASE("tw_recycle: off, or without timestamps") {
  CHECK(Codes(Linux310({5, 5}).NodeSysctl("net.ipv4.tcp_tw_recycle", "0")).empty());
  CHECK(Codes(Linux310({5, 5}).NodeSysctl("net.ipv4.tcp_timestamps", "0")).empty());
}

TEST_CASE("tw_recycle: a full accept queue is not its doing") {
  EvidenceBuilder builder = Linux310({0, 5, 5});
  builder.Listeners({{"0.0.0.0", 8080, false, 2, 1}});
  CHECK(Codes(builder) == Names{"NC-QUEUE-001"});
}

TEST_CASE("tw_recycle: at most likely while another listener's accept queue is full") {
  EvidenceBuilder both = Linux310({5, 8, 3});
  const Report report = Diagnose(both.Build());
  REQUIRE(Codes(both) == Names{"NC-PAWS-001"});
  CHECK(report.findings[0].certainty == Certainty::kLikely);
  both.Listeners({{"0.0.0.0", 8080, false, 2, 1}});
  CHECK(Codes(both).empty());
}

TEST_CASE("tw_recycle: a SYN queue without cookies, or PAWS on connections, is not its doing") {
  EvidenceBuilder queue = Linux310({0, 5});
  CHECK(Codes(queue).empty());
  const Report report = Diagnose(queue.Build());
  REQUIRE(report.unexplained.size() == 1);
  CHECK(Mentions(report.unexplained[0].excluded, "TcpExt.PAWSPassive did not rise"));
  CHECK(Codes(Linux310({0, 5, 0, 5})).empty());
  CHECK(Codes(Linux310({5, 9})).empty());  // Some of the drops are not explained.
}

TEST_CASE("tw_recycle: a filter in the pod, while others are dropped for it") {
  CHECK(Codes(Linux310({3, 3})).empty());  // Fewer than ours.
  CHECK(Codes(Linux310({0, 0})) == Names{"NC-LOST-003"});
}

TEST_CASE("tw_recycle: not applicable on a kernel without it") {
  EvidenceBuilder builder;
  builder.Handshakes(5, {kResultDeadline, kReachedPod})
      .Counter(Where::kPod, "TcpExt.ListenDrops", 0, 5)
      .Counter(Where::kPod, "TcpExt.ListenOverflows", 0, 0);
  const Report report = Diagnose(builder.Build());
  CHECK(report.findings.empty());
  REQUIRE(report.unexplained.size() == 1);
  CHECK(Mentions(report.unexplained[0].excluded, "tcp_tw_recycle: not applicable"));
}

}  // namespace netcheck::diagnosis
