// Packets between node and pod are lost now and then: some handshakes are only established because
// TCP sends a lost SYN or SYN-ACK again, a second later (net/ipv4/tcp_timer.c,
// tcp_retransmit_timer; net/ipv4/inet_connection_sock.c, reqsk_timer_handler). That is neither a
// slow application, whose kernel makes the handshake without it, nor a filter, which would drop
// what is sent again as well.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "diagnosis/listeners.h"
#include "diagnosis/retransmission.h"
#include "diagnosis/rule.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

using protocol::Where;

/// A reset, an ICMP error or a segment of another connection is an answer: nothing was lost.
constexpr std::uint32_t kAnswered = protocol::kSeenPodRst | protocol::kSeenNodeRst |
                                    protocol::kSeenPodIcmp | protocol::kSeenNodeIcmp |
                                    protocol::kSeenPodOther | protocol::kSeenNodeOther;

struct Losses {
  int tried = 0;
  std::vector<std::int64_t> sent_again;  ///< Lengths of handshakes that a second packet saved.
  int on_the_way = 0;                    ///< Given up; the SYN did not arrive.
  int on_the_way_back = 0;               ///< Given up; the SYN-ACK did not arrive.
  int somewhere = 0;                     ///< Given up; the taps can't tell where.
  int dropped_in_pod = 0;                ///< The SYN arrived and was not answered.

  [[nodiscard]] int given_up() const { return on_the_way + on_the_way_back + somewhere; }
};

bool GivenUp(const HandshakeAttempt& attempt) {
  return attempt.handshake.result == protocol::kResultDeadline &&
         (attempt.handshake.seen & kAnswered) == 0 &&
         (attempt.stage == Stage::kSynLost || attempt.stage == Stage::kSynAckLost ||
          attempt.stage == Stage::kUnknown);
}

bool CheckGivenUp(const JudgedAttempt& judged) {
  return judged.attempt->phase == protocol::CheckPhase::kConnect &&
         judged.attempt->connect_result == protocol::kResultDeadline &&
         (judged.attempt->seen & kAnswered) == 0 &&
         (judged.stage == Stage::kSynLost || judged.stage == Stage::kSynAckLost ||
          judged.stage == Stage::kUnknown);
}

void Add(const HandshakeAttempt& attempt, std::int64_t fastest, Losses& losses) {
  const protocol::Handshake& handshake = attempt.handshake;
  if (handshake.result == protocol::kResultNotTried) {
    return;
  }
  ++losses.tried;
  if (handshake.result == 0) {
    if ((handshake.seen & kAnswered) == 0 && SentAgain(handshake.duration_us, fastest)) {
      losses.sent_again.push_back(handshake.duration_us);
    }
  } else if (GivenUp(attempt)) {
    ++(attempt.stage == Stage::kSynLost      ? losses.on_the_way
       : attempt.stage == Stage::kSynAckLost ? losses.on_the_way_back
                                             : losses.somewhere);
  } else {
    losses.dropped_in_pod += attempt.stage == Stage::kNoSynAck ? 1 : 0;
  }
}

Losses Measure(const ProbeCase& probe, std::int64_t fastest) {
  Losses losses;
  for (const Batch* batch : probe.batches) {
    for (const HandshakeAttempt& attempt : batch->attempts) {
      Add(attempt, fastest, losses);
    }
  }
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& judged : check->attempts) {
      const protocol::CheckAttempt& attempt = *judged.attempt;
      ++losses.tried;
      if (attempt.connect_us && (attempt.seen & kAnswered) == 0 &&
          SentAgain(*attempt.connect_us, fastest)) {
        losses.sent_again.push_back(*attempt.connect_us);
      }
      losses.somewhere += CheckGivenUp(judged) ? 1 : 0;
    }
  }
  std::sort(losses.sent_again.begin(), losses.sent_again.end());
  return losses;
}

/// Drops that the kernel counts where they happen, and that a second SYN survives as well.
bool CountedElsewhere(const Digest& digest, const ProbeCase& probe, const Losses& losses) {
  // The listener's own count, or on kernels without it that of all listeners of the namespace.
  const Where target = digest.target_namespace();
  const auto own = ListenerDrops(digest, probe.probe->address, probe.probe->port);
  const auto overflows = own ? 0 : CounterRise(digest, target, "TcpExt.ListenOverflows");
  const auto drops = own ? own : CounterRise(digest, target, "TcpExt.ListenDrops");
  if (!overflows || !drops) {
    return true;  // Then a full queue can't be told from loss.
  }
  std::int64_t conntrack = 0;
  for (const protocol::ConntrackTable& table : digest.report().conntrack_tables) {
    const int sign = table.moment == protocol::Moment::kAfter    ? 1
                     : table.moment == protocol::Moment::kBefore ? -1
                                                                 : 0;
    for (const char* name : {"drop", "insert_failed"}) {
      const auto it = table.stats.find(name);
      conntrack += it == table.stats.end() ? 0 : sign * it->second;
    }
  }
  // A SYN that the pod's stack can't answer yet, for want of a neighbour entry, is a ListenDrop too
  // and comes with loss; so only where most are, the listener is it.
  const bool listener =
      *overflows > 0 || 2 * *drops > std::ssize(losses.sent_again) + losses.given_up();
  // Where taps saw losses on the way, what the listener dropped may be what they left behind: a
  // reset of a connection whose handshake lost its last segment is a drop, too.
  const bool seen_on_the_way = losses.on_the_way + losses.on_the_way_back > 0;
  return conntrack > 0 || losses.dropped_in_pod > losses.given_up() ||
         (listener && !seen_on_the_way);
}

Finding Explain(const Digest& digest,
                const ProbeCase& probe,
                const Losses& losses,
                std::int64_t fastest) {
  Finding finding;
  finding.code = "NC-LOSS-001";
  finding.subject = probe.subject;
  finding.title = "Packets between the node and the pod are lost now and then";
  finding.evidence.push_back(fmt::format(
      "{} of {} with {} took {} to {}, the fastest {}: TCP sends a SYN or SYN-ACK that was lost "
      "again after 1 s, and then it passed.",
      losses.sent_again.size(),
      Count(losses.tried, "handshake"),
      HostPort(probe.probe->address, probe.probe->port),
      Duration(losses.sent_again.front()),
      Duration(losses.sent_again.back()),
      Duration(fastest)));
  if (losses.given_up() > 0) {
    finding.evidence.push_back(fmt::format(
        "{} got no answer in time: {} the SYN was seen leaving the node and not arriving in the "
        "pod, {} the SYN-ACK was seen leaving the pod and not reaching the socket, {} the taps "
        "can't tell.",
        Count(losses.given_up(), "handshake"),
        Count(losses.on_the_way, "time"),
        Count(losses.on_the_way_back, "time"),
        Count(losses.somewhere, "time")));
  }
  if (const auto again = CounterRise(digest, Where::kNode, "TcpExt.TCPSynRetrans")) {
    finding.evidence.push_back(
        fmt::format("TcpExt.TCPSynRetrans of the node rose by {} meanwhile.", *again));
  }
  finding.evidence.emplace_back(
      "It is not the application: the kernel makes handshakes without it, and no full queue of its "
      "listener dropped them.");
  finding.fix.emplace_back(
      "Find where packets are lost: drops of the interfaces on the way (ip -s link, ethtool -S) "
      "and "
      "of their queues (tc -s qdisc), in the node, the pod and what lies between.");
  finding.fix.push_back(fmt::format(
      "Until then: a handshake that lost one packet takes 1 s longer, so timeoutSeconds: {} lets "
      "such a probe pass; now it is {}.",
      std::max(2, probe.probe->timeout_s + 1),
      probe.probe->timeout_s));
  return finding;
}

Certainty CertaintyOf(const Finding& finding, const Losses& losses) {
  if (finding.claims.empty()) {
    return Certainty::kPossible;  // Each was saved in time.
  }
  return losses.on_the_way + losses.on_the_way_back > 0 ? Certainty::kProven : Certainty::kLikely;
}

}  // namespace

std::vector<Finding> PacketLoss(const Digest& digest) {
  std::vector<Finding> findings;
  const auto again = CounterRise(digest, Where::kNode, "TcpExt.TCPSynRetrans");
  for (const ProbeCase& probe : digest.probes) {
    const auto fastest = FastestHandshake(probe);
    if (!probe.unusable.empty() || !fastest) {
      continue;
    }
    const Losses losses = Measure(probe, *fastest);
    if (losses.sent_again.empty() || CountedElsewhere(digest, probe, losses) ||
        (again && *again < std::ssize(losses.sent_again))) {
      continue;
    }
    Finding finding = Explain(digest, probe, losses, *fastest);
    finding.claims = ClaimHandshakes(probe, GivenUp);
    const auto checks = ClaimChecks(probe, [&](const JudgedAttempt& judged) {
      return LateByRetransmission(judged, probe) || CheckGivenUp(judged);
    });
    finding.claims.insert(finding.claims.end(), checks.begin(), checks.end());
    finding.certainty = CertaintyOf(finding, losses);
    if (finding.certainty == Certainty::kPossible && losses.sent_again.size() == 1) {
      continue;  // One late handshake that did no harm is no pattern.
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace netcheck::diagnosis
