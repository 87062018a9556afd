#include "diagnosis/conntrack_use.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

using protocol::Moment;
using protocol::PodSockets;
using protocol::Where;

constexpr double kMicrosPerSecond = 1e6;

bool Contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

std::string Percent(std::int64_t part, std::int64_t whole) {
  return fmt::format(
      "{:.0f} %",
      whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

const model::Neighbour* PodWith(const model::Evidence& evidence, const std::string& address) {
  for (const model::Neighbour& pod : evidence.neighbours) {
    if (!pod.host_network && Contains(pod.ips, address)) {
      return &pod;
    }
  }
  return nullptr;
}

/// The namespace of that pod which has the address; without a known pod any that has it.
const PodSockets* SocketsOf(const Digest& digest,
                            const model::Neighbour* pod,
                            const std::string& address) {
  for (const PodSockets& sockets : digest.report().pod_sockets) {
    const bool same_pod =
        pod == nullptr || sockets.pod_uid == pod->uid || sockets.pod_uid == pod->cgroup_uid;
    if (same_pod && Contains(sockets.addresses, address)) {
      return &sockets;
    }
  }
  return nullptr;
}

bool IsNode(const Digest& digest, const std::string& address) {
  if (Contains(digest.evidence->node.addresses, address)) {
    return true;
  }
  const auto& handshakes = digest.report().handshakes;
  return std::any_of(handshakes.begin(), handshakes.end(), [&](const auto& columns) {
    return columns.source_address == address;
  });
}

void Add(const std::map<std::string, std::int64_t>& counts,
         std::map<std::string, std::int64_t>& sum) {
  for (const auto& [name, count] : counts) {
    sum[name] += count;
  }
}

std::int64_t Get(const std::map<std::string, std::int64_t>& counts, const std::string& name) {
  const auto it = counts.find(name);
  return it == counts.end() ? 0 : it->second;
}

/// Connections that both ways count: TCP, and answered, since a SYN that the full table drops has a
/// socket and no entry.
std::int64_t TcpEntries(const TableHolder& holder) {
  std::int64_t sum = 0;
  for (const auto& [state, count] : holder.states) {
    sum += state.starts_with("TCP ") && state != "TCP SYN_SENT" ? count : 0;
  }
  return sum;
}

std::int64_t TcpSockets(const PodSockets& sockets) {
  std::int64_t sum = 0;
  for (const auto& [state, count] : sockets.states) {
    sum += state != "SYN_SENT" ? count : 0;
  }
  return sum;
}

/// A quarter more or less: the two counts are made one after the other.
bool WaysAgree(const TableHolder& holder) {
  constexpr std::int64_t kTooFew = 10;
  if (holder.sockets == nullptr || !holder.sockets->counted) {
    return false;
  }
  const std::int64_t entries = TcpEntries(holder);
  const std::int64_t sockets = TcpSockets(*holder.sockets);
  return std::min(entries, sockets) >= kTooFew &&
         std::abs(entries - sockets) * 4 <= std::max(entries, sockets);
}

/// Most of its sockets are ones whose peer has closed: the application has not.
bool LeavesThemOpen(const TableHolder& holder) {
  return holder.sockets != nullptr &&
         Get(holder.sockets->states, "CLOSE_WAIT") * 2 > TcpSockets(*holder.sockets);
}

/// The pod that fills the table. Its entries must be more than half of the table, so that nobody
/// can hold more, and as many sockets as entries must be open inside of its namespace, so that they
/// are neither somebody else's nor leftovers of connections that ended. A connection between two
/// such pods is held by the one that leaves open what its peer has closed, else by the one that
/// opened it. Whoever merely accepts many connections serves many clients: that is no leak.
std::optional<std::size_t> FindCulprit(const TableUse& use) {
  std::optional<std::size_t> opener;
  for (std::size_t i = 0; i < use.holders.size(); ++i) {
    const TableHolder& holder = use.holders[i];
    const std::int64_t most = std::max(holder.opened, holder.accepted);
    if (most * 2 <= use.whole.opened || !WaysAgree(holder)) {
      continue;
    }
    if (LeavesThemOpen(holder)) {
      return i;
    }
    if (holder.opened * 2 > use.whole.opened) {
      opener = i;
    }
  }
  return opener;
}

std::string Split(const std::map<std::string, std::int64_t>& counts) {
  std::vector<std::pair<std::int64_t, std::string>> order;
  order.reserve(counts.size());
  for (const auto& [name, count] : counts) {
    order.emplace_back(count, name);
  }
  std::sort(order.rbegin(), order.rend());
  std::string text;
  constexpr std::size_t kMost = 5;
  for (std::size_t i = 0; i < std::min(order.size(), kMost); ++i) {
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", order[i].first, order[i].second);
  }
  return text;
}

std::string DescribeHolder(const TableHolder& holder, std::int64_t all) {
  std::string text = fmt::format("{}: {} opened by it ({}), {} accepted; {}",
                                 NameOf(holder),
                                 holder.opened,
                                 Percent(holder.opened, all),
                                 holder.accepted,
                                 Split(holder.states));
  if (!holder.destinations.empty()) {
    text += fmt::format("; mostly with {}", Split(holder.destinations));
  }
  if (holder.sockets != nullptr && holder.sockets->counted) {
    text += fmt::format("; TCP sockets inside its network namespace: {}{}",
                        TcpSockets(*holder.sockets),
                        holder.sockets->states.empty()
                            ? std::string()
                            : fmt::format(" ({})", Split(holder.sockets->states)));
  }
  return text + ".";
}

/// Connections that netcheck made between `before` and `after`.
struct OwnConnections {
  std::int64_t most = 0;
  std::int64_t established = 0;
};

OwnConnections OwnOf(const Digest& digest) {
  OwnConnections own;
  for (const protocol::BatchEnd& end : digest.report().batch_ends) {
    own.most += end.tried + 2;  // With the control connections of the batch.
    own.established += end.established;
  }
  for (const protocol::CheckAttempt& attempt : digest.report().check_attempts) {
    own.most += attempt.exec ? 0 : 1;
    own.established += attempt.connect_us ? 1 : 0;
  }
  return own;
}

}  // namespace

std::string NameOf(const TableHolder& holder) {
  const std::string addresses = fmt::format("{}", fmt::join(holder.addresses, ", "));
  if (holder.pod != nullptr) {
    const std::string owner =
        holder.pod->owner_name.empty()
            ? std::string()
            : fmt::format("{} {}, ", holder.pod->owner_kind, holder.pod->owner_name);
    return fmt::format(
        "pod {}/{} ({}{})", holder.pod->namespace_name, holder.pod->name, owner, addresses);
  }
  if (holder.sockets != nullptr) {
    return fmt::format("the pod with UID {} ({})", holder.sockets->pod_uid, addresses);
  }
  return holder.node ? fmt::format("the node itself and its hostNetwork pods ({})", addresses)
                     : fmt::format("{}, no pod of this node", addresses);
}

std::optional<TableUse> UseOf(const Digest& digest, Where where) {
  TableUse use;
  bool dumped = false;
  std::map<std::string, std::size_t> index;
  for (const protocol::ConntrackUsage& part : digest.report().conntrack_usage) {
    if (part.where != where) {
      continue;
    }
    if (part.address.empty()) {
      use.whole = part;
      dumped = true;
      continue;
    }
    const model::Neighbour* pod = PodWith(*digest.evidence, part.address);
    const PodSockets* sockets = SocketsOf(digest, pod, part.address);
    const std::string key = pod != nullptr       ? "pod " + pod->uid
                            : sockets != nullptr ? "pod " + sockets->pod_uid
                                                 : part.address;
    const auto [it, is_new] = index.emplace(key, use.holders.size());
    if (is_new) {
      use.holders.emplace_back();
    }
    TableHolder& holder = use.holders[it->second];
    holder.addresses.push_back(part.address);
    holder.pod = pod;
    holder.sockets = sockets != nullptr ? sockets : holder.sockets;
    holder.node = IsNode(digest, part.address);
    holder.opened += part.opened;
    holder.accepted += part.accepted;
    Add(part.states, holder.states);
    Add(part.destinations, holder.destinations);
  }
  std::stable_sort(use.holders.begin(), use.holders.end(), [](const auto& a, const auto& b) {
    return a.sum() > b.sum();
  });
  if (!dumped) {
    return std::nullopt;
  }
  use.culprit = where == Where::kNode ? FindCulprit(use) : std::nullopt;
  return use;
}

std::vector<std::string> Describe(const TableUse& use) {
  constexpr std::size_t kMost = 3;
  const protocol::ConntrackUsage& whole = use.whole;
  std::vector<std::string> lines;
  lines.push_back(
      fmt::format("{} entries of the table were read{}: {} are ASSURED, which the kernel does not "
                  "evict, {} got no "
                  "reply; {}.",
                  whole.opened,
                  whole.cut_off.empty() ? "" : fmt::format(", not all ({})", whole.cut_off),
                  Percent(whole.assured, whole.opened),
                  Percent(whole.unreplied, whole.opened),
                  Split(whole.states)));
  if (use.culprit) {
    lines.push_back(DescribeHolder(use.holders[*use.culprit], whole.opened));
    lines.emplace_back(
        "Both ways to count agree on that pod: the entries of its addresses in the node's table, "
        "and the sockets inside its own network namespace.");
  }
  for (std::size_t i = 0; i < std::min(use.holders.size(), kMost); ++i) {
    if (use.culprit != i) {
      lines.push_back(DescribeHolder(use.holders[i], whole.opened));
    }
  }
  return lines;
}

std::optional<TableGrowth> GrowthOf(const Digest& digest, Where where) {
  constexpr double kShortest = 0.5;
  constexpr double kEntryOutlives = 10;
  const auto idle = protocol::FindConntrackTable(digest.report(), where, Moment::kIdle);
  const auto before = protocol::FindConntrackTable(digest.report(), where, Moment::kBefore);
  const auto after = protocol::FindConntrackTable(digest.report(), where, Moment::kAfter);
  if (!idle || !before || !after) {
    return std::nullopt;
  }
  const auto seconds = [](const auto& from, const auto& to) {
    return static_cast<double>(to->at_us - from->at_us) / kMicrosPerSecond;
  };
  const double idle_seconds = seconds(idle, before);
  TableGrowth growth;
  growth.seconds = seconds(idle, after);
  if (idle_seconds < kShortest || growth.seconds < idle_seconds) {
    return std::nullopt;
  }
  const OwnConnections own = OwnOf(digest);
  growth.own = own.most;
  const std::int64_t own_left =
      growth.seconds - idle_seconds <= kEntryOutlives ? own.established : 0;
  const double idle_rate = static_cast<double>(before->count - idle->count) / idle_seconds;
  const auto rise = static_cast<double>(after->count - idle->count);
  growth.low = std::min(idle_rate, (rise - static_cast<double>(own.most)) / growth.seconds);
  growth.high = std::max(idle_rate, (rise - static_cast<double>(own_left)) / growth.seconds);
  return growth;
}

std::optional<std::int64_t> ConntrackRise(const Digest& digest,
                                          Where where,
                                          Moment since,
                                          const std::string& name) {
  const auto first = protocol::FindConntrackTable(digest.report(), where, since);
  const auto last = protocol::FindConntrackTable(digest.report(), where, Moment::kAfter);
  if (!first || !last || !first->stats.contains(name) || !last->stats.contains(name)) {
    return std::nullopt;
  }
  return last->stats.at(name) - first->stats.at(name);
}

}  // namespace netcheck::diagnosis
