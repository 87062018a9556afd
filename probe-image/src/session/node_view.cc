#include "session/node_view.h"

#include <algorithm>

namespace netcheck::probe {
namespace {

using protocol::Fact;
using protocol::Where;

constexpr protocol::PortInterval kDefaultRange{32768, 60999};

template <typename T, typename Use>
void ForEach(const std::vector<Fact>& facts, Use use) {
  for (const Fact& fact : facts) {
    if (const T* value = std::get_if<T>(&fact)) {
      use(*value);
    }
  }
}

/// nullptr: there is none.
const protocol::ConntrackTable* ConntrackTableOf(const std::vector<Fact>& facts, Where where) {
  const protocol::ConntrackTable* found = nullptr;
  ForEach<protocol::ConntrackTable>(facts, [&](const protocol::ConntrackTable& table) {
    found = table.where == where ? &table : found;
  });
  return found;
}

std::string NodeSysctl(const std::vector<Fact>& facts, const std::string& name) {
  std::string value;
  ForEach<protocol::Sysctls>(facts, [&](const protocol::Sysctls& part) {
    const auto it = part.values.find(name);
    if (part.where == Where::kNode && it != part.values.end()) {
      value = it->second;
    }
  });
  return value;
}

}  // namespace

PortPlanInput PortInputOf(const std::vector<Fact>& facts, std::uint64_t seed) {
  PortPlanInput input;
  input.seed = seed;
  const auto range =
      protocol::ParsePortRange(NodeSysctl(facts, "net.ipv4.ip_local_port_range"),
                               NodeSysctl(facts, "net.ipv4.ip_local_reserved_ports"));
  if (range) {
    input.range = *range;
  } else {
    input.range.local = kDefaultRange;
  }
  ForEach<protocol::IpvsServices>(facts, [&](const protocol::IpvsServices& part) {
    for (const protocol::IpvsService& service : part.services) {
      if (service.protocol == "TCP") {
        input.ipvs_ports.push_back(service.port);
      }
    }
  });
  return input;
}

std::optional<std::uint32_t> BacklogOf(const std::vector<Fact>& facts,
                                       Where where,
                                       const std::string& address,
                                       int port) {
  std::optional<std::uint32_t> backlog;
  bool known = true;
  ForEach<protocol::Unavailable>(facts, [&](const protocol::Unavailable& missing) {
    known = known && !(missing.where == where && missing.what == "listeners.backlog");
  });
  if (!known) {
    return backlog;
  }
  ForEach<protocol::Listeners>(facts, [&](const protocol::Listeners& part) {
    if (part.where != where) {
      return;
    }
    for (const protocol::Listener& listener : part.listeners) {
      if (Accepts(listener, address, port)) {
        backlog = std::min(backlog.value_or(listener.backlog), listener.backlog);
      }
    }
  });
  return backlog;
}

std::optional<std::int64_t> FreeConntrackEntries(const std::vector<Fact>& facts) {
  const protocol::ConntrackTable* table = ConntrackTableOf(facts, Where::kNode);
  return table == nullptr || table->max <= 0
             ? std::nullopt
             : std::optional(std::max<std::int64_t>(table->max - table->count, 0));
}

bool ConntrackMatters(const std::vector<Fact>& first, const std::vector<Fact>& last, Where where) {
  const protocol::ConntrackTable* then = ConntrackTableOf(first, where);
  const protocol::ConntrackTable* now = ConntrackTableOf(last, where);
  if (then == nullptr || now == nullptr) {
    return false;
  }
  const auto rose = [&](const char* name) {
    const auto before = then->stats.find(name);
    const auto after = now->stats.find(name);
    return before != then->stats.end() && after != now->stats.end() &&
           after->second > before->second;
  };
  return (now->max > 0 && now->count > now->max / 2) || rose("drop") || rose("early_drop");
}

}  // namespace netcheck::probe
