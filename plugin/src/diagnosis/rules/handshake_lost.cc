// A handshake got no answer, and the two taps show where it was lost. The place is proven; which
// rule or program drops the packet there is the next question, and the fix says how to ask it.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "diagnosis/listeners.h"
#include "diagnosis/rule.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

struct Place {
  Stage stage;
  const char* code;
  const char* title;
  const char* observation;
  std::vector<std::string> fix;
};

const std::vector<Place>& Places() {
  static const std::vector<Place> places = {
      {Stage::kNothingSent,
       "NC-LOST-001",
       "Connections are dropped on the node before a packet leaves it",
       "No SYN was seen leaving the node's network namespace",
       {"Look for what drops in the node's output path: iptables or nftables rules in OUTPUT and "
        "POSTROUTING, a full conntrack table, eBPF programs, a missing route or neighbour entry "
        "for the pod's address."}},
      {Stage::kSynLost,
       "NC-LOST-002",
       "Connection requests (SYN) are lost between the node and the pod",
       "The SYN was seen leaving the node's network namespace and was not seen in the pod's",
       {"Look at what lies between: the CNI's interfaces and routes for the pod's address, network "
        "policy (traffic from the pod's own node must be allowed), the neighbour entry of the "
        "pod's address."}},
      {Stage::kNoSynAck,
       "NC-LOST-003",
       "Connection requests (SYN) reach the pod and are dropped inside its network namespace",
       "The SYN was seen in the pod's network namespace, and no SYN-ACK or reset was seen leaving "
       "it",
       {"Look for packet filters in the pod's own network namespace: iptables or nftables rules "
        "set by an init container, a service mesh or the application, eBPF programs, rp_filter."}},
      {Stage::kSynAckLost,
       "NC-LOST-004",
       "The pod's answer (SYN-ACK) is dropped before it reaches the socket on the node",
       "The SYN-ACK was seen leaving the pod's network namespace, and the socket on the node "
       "stayed in SYN-SENT",
       {"Look at the node's input path: iptables or nftables rules, rp_filter, IPVS services whose "
        "address and port are the connection's source address and port, conntrack entries with a "
        "wrong reply tuple."}}};
  return places;
}

/// Counters that name the culprit in other rules; that they stood still narrows the search.
void AddCounters(const Digest& digest, const Place& place, Finding& finding) {
  const auto note = [&](protocol::Where where, const char* name, const char* label) {
    if (const auto rise = CounterRise(digest, where, name)) {
      finding.evidence.push_back(fmt::format("{} rose by {} meanwhile.", label, *rise));
    }
  };
  if (place.stage == Stage::kNoSynAck) {
    note(protocol::Where::kPod,
         "Tcp.InSegs",
         "Tcp.InSegs of the pod's namespace (segments that reached TCP)");
    note(protocol::Where::kPod, "TcpExt.IPReversePathFilter", "TcpExt.IPReversePathFilter there");
  } else if (place.stage == Stage::kSynAckLost) {
    note(protocol::Where::kNode,
         "TcpExt.IPReversePathFilter",
         "TcpExt.IPReversePathFilter of the node");
  } else if (place.stage == Stage::kNothingSent) {
    note(protocol::Where::kNode,
         "TcpExt.TCPRetransFail",
         "TcpExt.TCPRetransFail of the node (packets that could not be sent)");
  }
}

int CountPassed(const ProbeCase& probe) {
  int passed = 0;
  for (const Batch* batch : probe.batches) {
    for (const HandshakeAttempt& attempt : batch->attempts) {
      passed += attempt.handshake.result == 0 ? 1 : 0;
    }
  }
  return passed;
}

/// Where the handshakes that passed took half of the timeout or more (their median), a SYN that was
/// not seen in the pod may just have come after its tap was closed.
bool MayBeUnderWay(const ProbeCase& probe, const Place& place) {
  if (place.stage != Stage::kSynLost) {
    return false;
  }
  return std::any_of(probe.batches.begin(), probe.batches.end(), [](const Batch* batch) {
    std::vector<std::int64_t> passed;
    for (const HandshakeAttempt& attempt : batch->attempts) {
      if (attempt.handshake.result == 0) {
        passed.push_back(attempt.handshake.duration_us);
      }
    }
    if (passed.empty()) {
      return false;
    }
    const auto middle = passed.begin() + static_cast<std::ptrdiff_t>(passed.size() / 2);
    std::nth_element(passed.begin(), middle, passed.end());
    constexpr std::int64_t kMicrosPerMilli = 1000;
    return 2 * *middle >= batch->plan->timeout_ms * kMicrosPerMilli;
  });
}

/// A packet that a tap did see needs no word on the tap; one that it did not see does.
bool RestsOnAbsence(const Place& place) {
  return place.stage != Stage::kSynAckLost;
}

/// A dropped SYN that the listener itself counted has another cause than a filter before it; one in
/// ten of the lost handshakes may be a segment of a half-open connection. Where the kernel does not
/// count for each socket, the namespace's counter has to stand still.
bool ListenerDropped(const Digest& digest,
                     const ProbeCase& probe,
                     const Place& place,
                     std::size_t lost) {
  if (place.stage != Stage::kNoSynAck) {
    return false;
  }
  if (const auto own = ListenerDrops(digest, probe.probe->address, probe.probe->port)) {
    return 10 * *own > static_cast<std::int64_t>(lost);
  }
  const auto all = CounterRise(digest, digest.target_namespace(), "TcpExt.ListenDrops");
  return !all || *all > 0;
}

void AddListenerDrops(const Digest& digest, const ProbeCase& probe, Finding& finding) {
  if (const auto drops = ListenerDrops(digest, probe.probe->address, probe.probe->port)) {
    finding.evidence.push_back(fmt::format(
        "The socket in LISTEN on port {} dropped {} meanwhile (sk_drops): it is not what "
        "drops them.",
        probe.probe->port,
        *drops == 0 ? "nothing" : Count(*drops, "segment")));
  }
}

}  // namespace

std::vector<Finding> HandshakeLost(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ProbeCase& probe : digest.probes) {
    if (!probe.unusable.empty()) {
      continue;
    }
    for (const Place& place : Places()) {
      auto claims = ClaimHandshakes(
          probe, [&](const HandshakeAttempt& attempt) { return attempt.stage == place.stage; });
      if (claims.empty() || ListenerDropped(digest, probe, place, claims.size()) ||
          MayBeUnderWay(probe, place)) {
        continue;
      }
      Finding finding;
      finding.code = place.code;
      finding.certainty = Certainty::kProven;
      finding.subject = probe.subject;
      finding.title = place.title;
      finding.evidence.push_back(fmt::format("{} from node {} to {} got no answer; {} passed.",
                                             Count(std::ssize(claims), "connection"),
                                             digest.evidence->node.name,
                                             HostPort(probe.probe->address, probe.probe->port),
                                             CountPassed(probe)));
      finding.evidence.push_back(fmt::format(
          "{} ({}).{}",
          place.observation,
          Count(std::ssize(claims), "time"),
          RestsOnAbsence(place) ? " That tap dropped no packet and saw others that went this way."
                                : ""));
      AddCounters(digest, place, finding);
      if (place.stage == Stage::kNoSynAck) {
        AddListenerDrops(digest, probe, finding);
      }
      finding.fix = place.fix;
      const auto checks = ClaimChecks(
          probe, [&](const JudgedAttempt& attempt) { return attempt.stage == place.stage; });
      claims.insert(claims.end(), checks.begin(), checks.end());
      finding.claims = std::move(claims);
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

}  // namespace netcheck::diagnosis
