// The connection tracking table of a network namespace is full: the kernel drops the first packet
// of every connection that would need an entry (net/netfilter/nf_conntrack_core.c,
// __nf_conntrack_alloc: count above nf_conntrack_max and early_drop() found nothing to evict;
// nf_conntrack_in counts it as `drop`). On the node that happens in LOCAL_OUT, before a tap sees
// the SYN; in a pod's own namespace, whose count is its own and whose limit is the node's, after.
//
// Look-alikes: NAT clashes and exhausted SNAT ranges count `drop` too, but each time
// `insert_failed` with it, and the table is not full; a rule that drops in OUTPUT moves neither.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "diagnosis/conntrack_use.h"
#include "diagnosis/rule.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

using protocol::ConntrackTable;
using protocol::Moment;
using protocol::Where;

constexpr const char* kAlert =
    "Alert before it is full, with node_exporter: node_nf_conntrack_entries / "
    "node_nf_conntrack_entries_limit > 0.7";
constexpr double kAlertShare = 0.7;

/// What the snapshots tell of one table.
struct Table {
  Where where = Where::kNode;
  ConntrackTable before;
  ConntrackTable after;
  /// Packets dropped while the attempts were made, less those that failed to be inserted.
  std::int64_t dropped = 0;
  std::int64_t insert_failed = 0;
  std::int64_t early_drop = 0;

  [[nodiscard]] bool full() const {
    return max() > 0 && (before.count >= max() || after.count >= max());
  }
  [[nodiscard]] std::int64_t max() const { return after.max; }
  [[nodiscard]] const char* owner() const {
    return where == Where::kNode ? "the node" : "the pod's network namespace";
  }
};

std::optional<Table> ReadTable(const Digest& digest, Where where) {
  const auto before = protocol::FindConntrackTable(digest.report(), where, Moment::kBefore);
  const auto after = protocol::FindConntrackTable(digest.report(), where, Moment::kAfter);
  if (!before || !after || after->max <= 0) {
    return std::nullopt;
  }
  const auto rise = [&](const char* name) {
    return ConntrackRise(digest, where, Moment::kBefore, name).value_or(0);
  };
  Table table{where, *before, *after, 0, rise("insert_failed"), rise("early_drop")};
  table.dropped = rise("drop") - table.insert_failed;
  return table;
}

bool NoAnswer(const protocol::Handshake& handshake) {
  return handshake.result == protocol::kResultDeadline || handshake.result == ETIMEDOUT;
}

/// Whether the taps were there to see what did not come. Where nothing leaves the node not even an
/// answer to the control connection does, so that no packet of that direction vouches for the tap;
/// that it was open and dropped nothing is enough beside a counter that tells of the drops.
bool TapWorked(const protocol::TapBatch& tap) {
  return tap.open && tap.dropped == 0;
}

enum class Match { kNo, kUnobserved, kObserved };

/// Whether this attempt ended where a full table ends it.
Match MatchOf(const HandshakeAttempt& attempt, const Batch& batch, Where where) {
  constexpr std::uint32_t kReachedPod = protocol::kSeenNodeSyn | protocol::kSeenPodSyn;
  if (!attempt.failed() || !NoAnswer(attempt.handshake) || batch.end == nullptr) {
    return Match::kNo;
  }
  const std::uint32_t seen = attempt.handshake.seen;
  if (where == Where::kNode) {
    const bool tap = TapWorked(batch.end->node_tap);
    return seen != 0 ? Match::kNo : tap ? Match::kObserved : Match::kUnobserved;
  }
  return seen == kReachedPod && TapWorked(batch.end->pod_tap) ? Match::kObserved : Match::kNo;
}

struct Claimed {
  std::vector<AttemptRef> claims;
  std::int64_t handshakes = 0;
  bool observed = true;
};

/// The failed attempts of all probes that the table can have dropped.
Claimed ClaimOf(const Digest& digest, Where where) {
  Claimed claimed;
  for (const ProbeCase& probe : digest.probes) {
    if (!probe.unusable.empty()) {
      continue;
    }
    auto handshakes = ClaimHandshakes(probe, [&](const HandshakeAttempt& attempt) {
      const auto batch = digest.batches.find(attempt.handshake.batch);
      const Match match =
          batch == digest.batches.end() ? Match::kNo : MatchOf(attempt, batch->second, where);
      claimed.observed = claimed.observed && match != Match::kUnobserved;
      return match != Match::kNo;
    });
    if (handshakes.empty()) {
      continue;
    }
    const std::uint32_t seen_wanted =
        where == Where::kNode ? 0U : protocol::kSeenNodeSyn | protocol::kSeenPodSyn;
    const auto checks = ClaimChecks(probe, [&](const JudgedAttempt& judged) {
      return !judged.attempt->connect_us &&
             judged.attempt->phase == protocol::CheckPhase::kConnect &&
             judged.attempt->seen == seen_wanted &&
             (judged.stage == Stage::kUnknown || judged.stage == Stage::kNothingSent ||
              judged.stage == Stage::kNoSynAck);
    });
    claimed.handshakes += std::ssize(handshakes);
    handshakes.insert(handshakes.end(), checks.begin(), checks.end());
    claimed.claims.insert(claimed.claims.end(), handshakes.begin(), handshakes.end());
  }
  return claimed;
}

std::string Fill(const Table& table) {
  return fmt::format(
      "The conntrack table of {} holds {} of at most {} entries (nf_conntrack_count, "
      "nf_conntrack_max); before the first attempt it held {}.",
      table.owner(),
      table.after.count,
      table.max(),
      table.before.count);
}

/// What the kernel itself logged of this namespace.
void AddLog(const Digest& digest, const Table& table, Finding& finding) {
  const auto target = protocol::FindTarget(digest.report(), Moment::kBefore);
  const std::uint64_t netns = !target                       ? 0
                              : table.where == Where::kNode ? target->node_netns
                                                            : target->pod_netns;
  const auto lines = [&](std::uint64_t inode) {
    return protocol::FindCounter(digest.report(),
                                 Where::kNode,
                                 Moment::kAfter,
                                 fmt::format("KernelLog.ConntrackFull.{}", inode));
  };
  constexpr const char* kLine = "nf_conntrack: table full, dropping packet";
  if (const auto own = netns != 0 ? lines(netns) : std::nullopt) {
    finding.evidence.push_back(
        fmt::format("The kernel's log has {} \"{}\" of this network namespace ({}); it leaves most "
                    "of them out.",
                    Count(*own, "line"),
                    kLine,
                    netns));
  } else if (const auto any = lines(0)) {
    finding.evidence.push_back(fmt::format(
        "The kernel's log has {} \"{}\"; this kernel does not tell of which network namespace.",
        Count(*any, "line"),
        kLine));
  }
}

std::string Seconds(const Digest& digest, Where where, const char* name) {
  return protocol::FindSysctl(digest.report(), where, Moment::kBefore, name).value_or("unknown");
}

void AddFix(const Digest& digest, const Table& table, const TableUse* use, Finding& finding) {
  if (use != nullptr && use->culprit) {
    finding.fix.push_back(
        fmt::format("Stop the leak in {}: let it close or reuse its connections. Its entries go "
                    "when its connections are closed, so a restart of that pod helps at once.",
                    NameOf(use->holders[*use->culprit])));
  } else {
    finding.fix.emplace_back(
        "Find out who opens so many connections, or does not close them: the holders of most "
        "entries are listed above; none is blamed, because none holds more than half of the table "
        "with as many sockets in its own network namespace.");
  }
  finding.fix.push_back(fmt::format(
      "If the load is meant to be: a larger table, kube-proxy's conntrack.maxPerCore or "
      "conntrack.min (--conntrack-max-per-core, --conntrack-min; nf_conntrack_max is {} now, about "
      "0.3 KiB of kernel memory an entry), with as many hash buckets (nf_conntrack_buckets is {}).",
      table.max(),
      table.after.buckets));
  finding.fix.push_back(fmt::format(
      "Entries that go sooner: kube-proxy's conntrack.tcpEstablishedTimeout and "
      "conntrack.tcpCloseWaitTimeout (nf_conntrack_tcp_timeout_established is {} s, ..._close_wait "
      "{} s, ..._time_wait {} s).",
      Seconds(digest, table.where, "net.netfilter.nf_conntrack_tcp_timeout_established"),
      Seconds(digest, table.where, "net.netfilter.nf_conntrack_tcp_timeout_close_wait"),
      Seconds(digest, table.where, "net.netfilter.nf_conntrack_tcp_timeout_time_wait")));
  finding.fix.emplace_back(kAlert);
}

void AddUse(const std::optional<TableUse>& use, Finding& finding) {
  if (use) {
    const auto lines = Describe(*use);
    finding.evidence.insert(finding.evidence.end(), lines.begin(), lines.end());
  }
}

std::string Subject(const Digest& digest, Where where) {
  return where == Where::kNode
             ? fmt::format("node {}", digest.evidence->node.name)
             : fmt::format(
                   "pod {}/{}", digest.evidence->pod.namespace_name, digest.evidence->pod.name);
}

std::string Title(const Table& table, const std::optional<TableUse>& use, const char* state) {
  return fmt::format("The conntrack table of {} {}{}",
                     table.owner(),
                     state,
                     use && use->culprit ? fmt::format(", most of it with connections of {}",
                                                       NameOf(use->holders[*use->culprit]))
                                         : "");
}

std::optional<Finding> ExplainFull(const Digest& digest, const Table& table) {
  Claimed claimed = ClaimOf(digest, table.where);
  if (!table.full() || claimed.handshakes == 0 || table.dropped < claimed.handshakes) {
    return std::nullopt;
  }
  const auto use = UseOf(digest, table.where);
  Finding finding;
  finding.code = "NC-CONNTRACK-001";
  // With the count at its limit and as many drops as SYNs the kernel tells the cause itself; that
  // those SYNs were among the dropped ones is what the taps add.
  finding.certainty = claimed.observed ? Certainty::kProven : Certainty::kLikely;
  finding.subject = Subject(digest, table.where);
  finding.title = Title(table, use, "is full: new connections are dropped");
  finding.evidence.push_back(Fill(table));
  finding.evidence.push_back(fmt::format(
      "{} got no answer{}. Meanwhile conntrack counted {} as dropped (drop less insert_failed); "
      "insert_failed rose by {}, early_drop by {}.",
      Count(claimed.handshakes, "connection"),
      !claimed.observed             ? ""
      : table.where == Where::kNode ? ", and no tap saw a SYN of them leave the node"
                                    : ", though their SYNs were seen in the pod's namespace",
      Count(table.dropped, "packet"),
      table.insert_failed,
      table.early_drop));
  if (const auto failed = CounterRise(digest, Where::kNode, "TcpExt.TCPRetransFail");
      failed && table.where == Where::kNode) {
    finding.evidence.push_back(fmt::format(
        "TcpExt.TCPRetransFail of the node rose by {} (SYNs sent again that did not get out).",
        *failed));
  }
  AddLog(digest, table, finding);
  AddUse(use, finding);
  AddFix(digest, table, use ? &*use : nullptr, finding);
  finding.claims = std::move(claimed.claims);
  return finding;
}

/// Until the table is full, from its growth.
struct HoursLeft {
  double earliest = 0;
  double latest = 0;
};

std::optional<HoursLeft> HoursLeftOf(const Table& table, const TableGrowth& growth) {
  constexpr double kSecondsAnHour = 3600;
  if (growth.low <= 0) {
    return std::nullopt;
  }
  const auto free = static_cast<double>(std::max<std::int64_t>(table.max() - table.after.count, 0));
  return HoursLeft{free / growth.high / kSecondsAnHour, free / growth.low / kSecondsAnHour};
}

std::string GrowthText(const std::optional<TableGrowth>& growth,
                       const std::optional<HoursLeft>& left) {
  if (!growth) {
    return "Its growth was not watched long enough for a forecast.";
  }
  if (!left) {
    return fmt::format(
        "No steady growth was seen in {:.1f} s ({:.1f} to {:.1f} entries a second "
        "without netcheck's own), so there is no forecast.",
        growth->seconds,
        growth->low,
        growth->high);
  }
  return fmt::format(
      "In {:.1f} s it grew by {:.1f} to {:.1f} entries a second, netcheck's own connections (at "
      "most "
      "{}) subtracted: it is full in {:.2g} to {:.2g} hours, if it goes on growing like that.",
      growth->seconds,
      growth->low,
      growth->high,
      growth->own,
      left->earliest,
      left->latest);
}

/// Not full, or full and nothing of ours was dropped. From the share on at which an alert is due,
/// or from half on when it is full within a day at its growth.
std::optional<Finding> ExplainFilling(const Digest& digest, const Table& table) {
  constexpr double kSoonHours = 24;
  const double share = static_cast<double>(table.after.count) / static_cast<double>(table.max());
  const auto growth = GrowthOf(digest, table.where);
  const auto left = growth ? HoursLeftOf(table, *growth) : std::nullopt;
  const bool soon = share > 0.5 && left && left->latest < kSoonHours;
  if (share < kAlertShare && !soon) {
    return std::nullopt;
  }
  const auto use = UseOf(digest, table.where);
  Finding finding;
  finding.code = "NC-CONNTRACK-002";
  finding.certainty = Certainty::kPossible;
  finding.subject = Subject(digest, table.where);
  finding.title = Title(table, use, fmt::format("is {:.0f} % full", 100 * share).c_str());
  finding.evidence.push_back(Fill(table));
  finding.evidence.push_back(GrowthText(growth, left));
  const auto drops = ConntrackRise(digest, table.where, Moment::kIdle, "drop").value_or(0) -
                     ConntrackRise(digest, table.where, Moment::kIdle, "insert_failed").value_or(0);
  if (drops > 0) {
    finding.evidence.push_back(
        fmt::format("Conntrack dropped {} while netcheck watched.", Count(drops, "packet")));
  }
  AddLog(digest, table, finding);
  AddUse(use, finding);
  AddFix(digest, table, use ? &*use : nullptr, finding);
  return finding;
}

}  // namespace

std::vector<Finding> ConntrackFull(const Digest& digest) {
  std::vector<Finding> findings;
  std::vector<Where> places = {Where::kNode};
  if (!digest.evidence->pod.host_network) {
    places.push_back(Where::kPod);
  }
  for (const Where where : places) {
    const auto table = ReadTable(digest, where);
    auto finding = table ? ExplainFull(digest, *table) : std::nullopt;
    if (table && !finding) {
      finding = ExplainFilling(digest, *table);
    }
    if (finding) {
      findings.push_back(*std::move(finding));
    }
  }
  return findings;
}

}  // namespace netcheck::diagnosis
