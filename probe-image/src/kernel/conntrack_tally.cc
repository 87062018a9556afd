#include "kernel/conntrack_tally.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace netcheck::probe {
namespace {

constexpr std::uint64_t kMappedPrefix = 0xffff;

std::uint64_t BigEndian(const std::uint8_t* bytes, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    value = value << 8U | bytes[i];
  }
  return value;
}

std::string StateName(std::uint16_t state) {
  const int protocol = state >> 8U;
  const auto tcp_state = static_cast<std::uint8_t>(state & 0xffU);
  switch (protocol) {
    case IPPROTO_TCP:
      return tcp_state == 0
                 ? "TCP"
                 : "TCP " + ConntrackTcpStateName(static_cast<std::uint8_t>(tcp_state - 1));
    case IPPROTO_UDP:
      return "UDP";
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return "ICMP";
    default:
      return "protocol " + std::to_string(protocol);
  }
}

/// As host:port is written, "10.0.0.9:443" or "[fd00::9]:443".
std::string HostPort(const IpAddress& address, int port) {
  const std::string text = ToText(address);
  return (address.family == AF_INET6 ? "[" + text + "]" : text) + ":" + std::to_string(port);
}

/// Leaves the `count` entries with the highest `value`, the highest first.
template <typename Entry, typename Value>
void TakeLargest(std::vector<const Entry*>& entries, std::size_t count, Value value) {
  const std::size_t kept = std::min(entries.size(), count);
  for (std::size_t i = 0; i < kept; ++i) {
    for (std::size_t k = i + 1; k < entries.size(); ++k) {
      if (value(entries[k]) > value(entries[i])) {
        std::swap(entries[i], entries[k]);
      }
    }
  }
  entries.resize(kept);
}

}  // namespace

ConntrackTally::Key ConntrackTally::KeyOf(const IpAddress& address) {
  const std::uint8_t* bytes = address.bytes.data();
  return address.family == AF_INET ? Key{0, kMappedPrefix << 32U | BigEndian(bytes, 4)}
                                   : Key{BigEndian(bytes, 8), BigEndian(bytes + 8, 8)};
}

IpAddress ConntrackTally::AddressOf(const Key& key) {
  IpAddress address;
  const bool v4 = key.high == 0 && key.low >> 32U == kMappedPrefix;
  address.family = v4 ? AF_INET : AF_INET6;
  const int size = v4 ? 4 : 16;
  for (int i = 0; i < size; ++i) {
    const int from_end = size - 1 - i;
    const std::uint64_t word = from_end < 8 ? key.low : key.high;
    address.bytes[static_cast<std::size_t>(i)] =
        static_cast<std::uint8_t>(word >> (8U * static_cast<unsigned>(from_end % 8)));
  }
  return address;
}

void ConntrackTally::Count(const ConntrackFlow& flow, Counts& counts) {
  counts.assured += (flow.status & IPS_ASSURED) != 0 ? 1 : 0;
  counts.unreplied += (flow.status & IPS_SEEN_REPLY) == 0 ? 1 : 0;
  const unsigned tcp_state = flow.tcp_state ? *flow.tcp_state + 1U : 0U;
  const unsigned state =
      static_cast<unsigned>(flow.original.protocol) << 8U | std::min(tcp_state, 0xffU);
  ++counts.states[static_cast<std::uint16_t>(state)];
}

ConntrackTally::Counts* ConntrackTally::Find(const Key& address) {
  if (holders_.size() < kMaxAddresses) {
    return &holders_[address];
  }
  const auto it = holders_.find(address);
  return it == holders_.end() ? nullptr : &it->second;
}

void ConntrackTally::CountDestination(const Destination& destination) {
  if (destinations_.size() < kMaxDestinations) {
    ++destinations_[destination];
  } else if (const auto it = destinations_.find(destination); it != destinations_.end()) {
    ++it->second;
  }
}

void ConntrackTally::Add(const ConntrackFlow& flow) {
  ++all_.opened;
  Count(flow, all_);
  const Key opener = KeyOf(flow.original.source);
  const Key answerer = KeyOf(flow.reply.source);
  Counts* const opened = Find(opener);
  Counts* const accepted = Find(answerer);
  if (opened != nullptr) {
    ++opened->opened;
    Count(flow, *opened);
    CountDestination({opener, KeyOf(flow.original.destination), flow.original.destination_port});
  }
  if (accepted != nullptr) {
    ++accepted->accepted;
    if (accepted != opened) {
      Count(flow, *accepted);
    }
    CountDestination({answerer, answerer, flow.reply.source_port});
  }
  uncounted_ += opened == nullptr || accepted == nullptr ? 1 : 0;
}

protocol::ConntrackUsage ConntrackTally::UsageOf(const Counts& counts) {
  protocol::ConntrackUsage usage;
  usage.opened = counts.opened;
  usage.accepted = counts.accepted;
  usage.assured = counts.assured;
  usage.unreplied = counts.unreplied;
  for (const auto& [state, count] : counts.states) {
    usage.states[StateName(state)] += count;
  }
  return usage;
}

void ConntrackTally::AddDestinations(const Key& holder,
                                     std::map<std::string, std::int64_t>& names) const {
  using Entry = std::pair<const Destination, std::int64_t>;
  std::vector<const Entry*> found;
  for (auto it = destinations_.lower_bound({holder, {}, 0});
       it != destinations_.end() && it->first.holder == holder;
       ++it) {
    found.push_back(&*it);
  }
  TakeLargest(found, kDestinations, [](const Entry* entry) { return entry->second; });
  for (const Entry* entry : found) {
    names[HostPort(AddressOf(entry->first.address), entry->first.port)] = entry->second;
  }
}

std::vector<protocol::ConntrackUsage> ConntrackTally::Summary() const {
  using Entry = std::pair<const Key, Counts>;
  std::vector<const Entry*> order;
  for (const Entry& entry : holders_) {
    order.push_back(&entry);
  }
  TakeLargest(order, kHolders, [](const Entry* entry) {
    return entry->second.opened + entry->second.accepted;
  });
  std::vector<protocol::ConntrackUsage> summary = {UsageOf(all_)};
  summary.front().uncounted = uncounted_;
  for (const Entry* entry : order) {
    summary.push_back(UsageOf(entry->second));
    summary.back().address = ToText(AddressOf(entry->first));
    AddDestinations(entry->first, summary.back().destinations);
  }
  return summary;
}

}  // namespace netcheck::probe
