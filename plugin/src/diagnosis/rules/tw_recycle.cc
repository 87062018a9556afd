// net.ipv4.tcp_tw_recycle=1 (kernels before 4.12): the listener remembers the last timestamp of
// each address and drops a SYN from it with an older one, silently (tcp_v4_conn_request of
// net/ipv4/tcp_ipv4.c, tcp_peer_is_proven of net/ipv4/tcp_metrics.c; tcp_conn_request of
// net/ipv4/tcp_input.c since 3.17). Behind NAT one address stands for hosts whose clocks differ.
//
// TcpExt.PAWSPassive is counted there and nowhere else, so its rise is that many SYNs dropped for
// this very reason; ListenDrops counts the same ones. That ours were among them is proven when all
// that the listeners dropped was dropped for it (PAWSPassive rose as ListenDrops did,
// ListenOverflows did not), when ours are that many or fewer and were seen to reach the pod
// unanswered, and when nobody else's were dropped in the idle window. Otherwise it is likely, also
// where another listener's accept queue overflowed meanwhile, if ours is not full and the two
// reasons add up to all drops. Look-alikes: a full accept queue counts ListenOverflows, a full SYN
// queue without cookies ListenDrops alone, PAWS on established connections PAWSEstab.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "diagnosis/listeners.h"
#include "diagnosis/rule.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

using protocol::Moment;
using protocol::Where;

/// A setting of the target's namespace. Before 4.11 it is the kernel's, and shown on the node only.
std::optional<std::string> Setting(const Digest& digest, const char* name) {
  auto own =
      protocol::FindSysctl(digest.report(), digest.target_namespace(), Moment::kBefore, name);
  return own ? own : protocol::FindSysctl(digest.report(), Where::kNode, Moment::kBefore, name);
}

struct Drops {
  std::int64_t passive = 0;
  std::int64_t listen = 0;
  std::int64_t overflows = 0;
  /// Nobody was dropped in the idle window, before netcheck sent anything.
  bool quiet_before = false;
};

/// nullopt: nothing was dropped for the timestamp's sake, or something for a reason not known.
std::optional<Drops> ReadDrops(const Digest& digest) {
  constexpr const char* kPassive = "TcpExt.PAWSPassive";
  const Where where = digest.target_namespace();
  const auto passive = CounterRise(digest, where, kPassive);
  const auto listen = CounterRise(digest, where, "TcpExt.ListenDrops");
  const auto overflows = CounterRise(digest, where, "TcpExt.ListenOverflows");
  if (!passive || !listen || !overflows || *passive == 0 || *passive + *overflows != *listen) {
    return std::nullopt;
  }
  const auto idle = protocol::FindCounter(digest.report(), where, Moment::kIdle, kPassive);
  const auto before = protocol::FindCounter(digest.report(), where, Moment::kBefore, kPassive);
  return Drops{*passive, *listen, *overflows, idle && before && *idle == *before};
}

/// Whether every socket that listens for the probe had room in its accept queue, before and after.
/// An empty one has, where the kernel does not tell its limit.
bool HadRoom(const Digest& digest, const model::Probe& probe) {
  const auto had_room = [&](Moment moment) {
    const auto listeners = ListenersOf(digest, probe.address, probe.port, moment);
    return listeners && !listeners->empty() &&
           std::ranges::all_of(*listeners, [](const protocol::Listener& listener) {
             return listener.queue <= listener.backlog;
           });
  };
  return had_room(Moment::kBefore) && had_room(Moment::kAfter);
}

/// Without taps the SYN's arrival is not seen; what is, fits.
bool Unobserved(const HandshakeAttempt& attempt) {
  return attempt.stage == Stage::kUnknown && attempt.handshake.seen == 0 &&
         (attempt.handshake.result == protocol::kResultDeadline ||
          attempt.handshake.result == ETIMEDOUT);
}

bool TapsOpen(const Digest& digest, const HandshakeAttempt& attempt) {
  const auto batch = digest.batches.find(attempt.handshake.batch);
  return batch != digest.batches.end() && batch->second.end != nullptr &&
         (batch->second.end->node_tap.open || batch->second.end->pod_tap.open);
}

/// Whether the node's own listeners are met as well, where the target has a namespace of its own.
void AddOnNode(const Digest& digest, Finding& finding) {
  const auto rise = CounterRise(digest, Where::kNode, "TcpExt.PAWSPassive");
  if (rise && digest.target_namespace() != Where::kNode) {
    finding.evidence.push_back(
        fmt::format("In the node's own namespace TcpExt.PAWSPassive rose by {}.", *rise));
  }
}

std::optional<Finding> Explain(const Digest& digest, const ProbeCase& probe, const Drops& drops) {
  auto claims = ClaimHandshakes(
      probe, [](const HandshakeAttempt& attempt) { return attempt.stage == Stage::kNoSynAck; });
  const bool observed = !claims.empty();
  if (!observed) {
    claims = ClaimHandshakes(probe, [&](const HandshakeAttempt& attempt) {
      return Unobserved(attempt) && !TapsOpen(digest, attempt);
    });
  }
  if (claims.empty() || drops.passive < std::ssize(claims) ||
      (drops.overflows > 0 && !HadRoom(digest, *probe.probe))) {
    return std::nullopt;
  }
  Finding finding;
  finding.code = "NC-PAWS-001";
  finding.certainty = observed && drops.quiet_before && drops.overflows == 0 ? Certainty::kProven
                                                                             : Certainty::kLikely;
  finding.subject = probe.subject;
  finding.title = "tcp_tw_recycle drops connections from addresses that several hosts share (NAT)";
  finding.evidence.push_back(fmt::format(
      "{} {}.",
      Count(std::ssize(claims), "SYN"),
      observed ? "reached the pod's network namespace and got no SYN-ACK"
               : "got no answer (the taps were not open, so where they were lost was not seen)"));
  finding.evidence.push_back(fmt::format(
      "TcpExt.PAWSPassive of that namespace rose by {}, TcpExt.ListenDrops by {}, "
      "TcpExt.ListenOverflows by {}: whatever its listeners dropped had a timestamp older than the "
      "last one of its address{}. In the idle window before, {}.",
      drops.passive,
      drops.listen,
      drops.overflows,
      drops.overflows == 0 ? ""
                           : ", or found another listener's accept queue full (this port's was "
                             "not, before and after)",
      drops.quiet_before ? "nothing was dropped"
                         : "others' SYNs were dropped, too, or nobody looked"));
  AddOnNode(digest, finding);
  finding.evidence.push_back(
      fmt::format("net.ipv4.tcp_tw_recycle is {}, net.ipv4.tcp_timestamps is {}, the kernel is {}.",
                  Setting(digest, "net.ipv4.tcp_tw_recycle").value_or("unknown"),
                  Setting(digest, "net.ipv4.tcp_timestamps").value_or("unknown"),
                  digest.report().hello ? digest.report().hello->kernel_release
                                        : digest.evidence->node.kernel_version));
  finding.fix.push_back(fmt::format(
      "On node {}: sysctl -w net.ipv4.tcp_tw_recycle=0 (and remove it from "
      "/etc/sysctl.d; on kernels 4.11 and later also where the pod sets it for itself). "
      "Linux 4.12 removed it.",
      digest.evidence->node.name));
  finding.fix.emplace_back(
      "Leave net.ipv4.tcp_timestamps at 1: without it, RTT measurement and the protection against "
      "old duplicates are lost, too. If sockets in TIME_WAIT are the concern, tcp_tw_reuse is for "
      "the side that connects.");
  const auto checks = ClaimChecks(probe, [&](const JudgedAttempt& attempt) {
    return observed && attempt.stage == Stage::kNoSynAck;
  });
  claims.insert(claims.end(), checks.begin(), checks.end());
  finding.claims = std::move(claims);
  return finding;
}

}  // namespace

std::vector<Finding> TwRecycle(const Digest& digest) {
  std::vector<Finding> findings;
  const auto drops = ReadDrops(digest);
  const auto recycle = Setting(digest, "net.ipv4.tcp_tw_recycle");
  const auto timestamps = Setting(digest, "net.ipv4.tcp_timestamps");
  if (!drops || !recycle || *recycle == "0" || !timestamps || *timestamps == "0") {
    return findings;
  }
  for (const ProbeCase& probe : digest.probes) {
    auto finding = probe.unusable.empty() ? Explain(digest, probe, *drops) : std::nullopt;
    if (finding) {
      findings.push_back(*std::move(finding));
    }
  }
  return findings;
}

}  // namespace netcheck::diagnosis
