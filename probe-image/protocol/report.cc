#include "protocol/report.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "protocol/json.h"

namespace netcheck::protocol {
namespace {

constexpr std::int64_t kMaxPort = 65535;
/// Longer than any run (a day): sums of that many microseconds can't overflow.
constexpr std::int64_t kMaxSpanUs = 86'400'000'000;

/// Where each kind of fact is kept. Heartbeats are for whoever watches, not for the record.
struct Sorter {
  ProbeReport& report;

  void operator()(const Hello& fact) const { report.hello = fact; }
  void operator()(const ClockPair& fact) const { report.clocks.push_back(fact); }
  void operator()(const Unavailable& fact) const { report.unavailable.push_back(fact); }
  void operator()(const TargetState& fact) const { report.targets.push_back(fact); }
  void operator()(const Sysctls& fact) const { report.sysctls.push_back(fact); }
  void operator()(const Counters& fact) const { report.counters.push_back(fact); }
  void operator()(const Listeners& fact) const { report.listeners.push_back(fact); }
  void operator()(const ConntrackTable& fact) const { report.conntrack_tables.push_back(fact); }
  void operator()(const ConntrackUsage& fact) const { report.conntrack_usage.push_back(fact); }
  void operator()(const PodSockets& fact) const { report.pod_sockets.push_back(fact); }
  void operator()(const ConntrackEntry& fact) const { report.conntrack_entries.push_back(fact); }
  void operator()(const IpvsServices& fact) const { report.ipvs_services.push_back(fact); }
  void operator()(const IpvsConnections& fact) const { report.ipvs_connections.push_back(fact); }
  void operator()(const Neighbours& fact) const { report.neighbours.push_back(fact); }
  void operator()(const FilterTable& fact) const { report.filter_tables.push_back(fact); }
  void operator()(const CpuThrottling& fact) const { report.cpu_throttling.push_back(fact); }
  void operator()(const Tap& fact) const { report.taps.push_back(fact); }
  void operator()(const HandshakeColumns& fact) const { report.handshakes.push_back(fact); }
  void operator()(const HandshakeDetail& fact) const { report.handshake_details.push_back(fact); }
  void operator()(const BatchEnd& fact) const { report.batch_ends.push_back(fact); }
  void operator()(const CheckAttempt& fact) const { report.check_attempts.push_back(fact); }
  void operator()(const Heartbeat& /*fact*/) const {}
  void operator()(const End& fact) const { report.end = fact; }
};

template <typename T>
void Append(Json& facts, const std::optional<T>& fact) {
  if (fact) {
    facts.push_back(ToJson(Fact(*fact)));
  }
}

template <typename T>
void Append(Json& facts, const std::vector<T>& all) {
  for (const T& fact : all) {
    facts.push_back(ToJson(Fact(fact)));
  }
}

template <typename T, typename V>
std::optional<V> FindValue(
    const std::vector<T>& parts, Where where, Moment moment, const std::string& name, V /*type*/) {
  for (const T& part : parts) {
    if (part.where == where && part.moment == moment) {
      if (const auto it = part.values.find(name); it != part.values.end()) {
        return it->second;
      }
    }
  }
  return std::nullopt;
}

/// Calls assign(attempt, value) for each attempt of `attempts`; false if the runs cover more or
/// fewer of them.
template <typename Assign>
bool ExpandRuns(const Runs& runs, std::vector<Handshake>& attempts, Assign assign) {
  std::size_t at = 0;
  for (const auto& [value, length] : runs) {
    if (length < 0 || static_cast<std::uint64_t>(length) > attempts.size() - at) {
      return false;
    }
    for (std::int64_t i = 0; i < length; ++i) {
      assign(attempts[at++], value);
    }
  }
  return at == attempts.size();
}

/// As ExpandRuns, for source ports.
bool ExpandRamps(const Ramps& ramps, std::vector<Handshake>& attempts) {
  std::size_t at = 0;
  for (const auto& [start, step, length] : ramps) {
    if (length < 0 || static_cast<std::uint64_t>(length) > attempts.size() - at) {
      return false;
    }
    std::int64_t port = start;
    for (std::int64_t i = 0; i < length; ++i) {
      if (port < 0 || port > kMaxPort || step < -kMaxPort || step > kMaxPort) {
        return false;
      }
      attempts[at++].source_port = static_cast<int>(port);
      port += step;
    }
  }
  return at == attempts.size();
}

/// The attempts of one fact; nullopt if its columns contradict its count or each other.
std::optional<std::vector<Handshake>> ExpandColumns(const HandshakeColumns& columns) {
  const auto count = static_cast<std::size_t>(columns.count);
  if (columns.count < 0 || columns.first < 0 ||
      columns.first > std::numeric_limits<int>::max() - columns.count ||
      columns.start_us.size() != count || columns.duration_us.size() != count) {
    return std::nullopt;
  }
  std::vector<Handshake> attempts(count);
  std::int64_t start = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t step = columns.start_us[i];
    if (step < -kMaxSpanUs || step > kMaxSpanUs) {
      return std::nullopt;
    }
    start += step;
    Handshake& attempt = attempts[i];
    attempt.batch = columns.batch;
    attempt.index = columns.first + static_cast<int>(i);
    attempt.source_address = columns.source_address;
    attempt.start_us = start;
    attempt.duration_us = columns.duration_us[i];
  }
  const bool fits =
      ExpandRamps(columns.source_ports, attempts) &&
      ExpandRuns(columns.results,
                 attempts,
                 [](Handshake& h, std::int64_t v) { h.result = static_cast<int>(v); }) &&
      ExpandRuns(columns.seen, attempts, [](Handshake& h, std::int64_t v) {
        h.seen = static_cast<std::uint32_t>(v);
      });
  return fits ? std::optional(std::move(attempts)) : std::nullopt;
}

}  // namespace

bool Accepts(const Listener& listener, const std::string& address, int port) {
  const bool ipv6 = address.find(':') != std::string::npos;
  return listener.port == port &&
         (listener.address == address || listener.address == "::ffff:" + address ||
          (listener.address == "0.0.0.0" && !ipv6) ||
          (listener.address == "::" && (ipv6 || !listener.v6only)));
}

ProbeReport ReportFromStream(const StreamReader& stream) {
  ProbeReport report;
  for (const auto& [number, fact] : stream.facts()) {
    std::visit(Sorter{report}, fact);
  }
  report.complete = stream.Complete();
  report.missing_lines = stream.Missing();
  report.foreign_lines = stream.foreign_lines();
  return report;
}

Json ToJson(const ProbeReport& report) {
  Json facts = Json::array();
  Append(facts, report.hello);
  Append(facts, report.clocks);
  Append(facts, report.unavailable);
  Append(facts, report.targets);
  Append(facts, report.sysctls);
  Append(facts, report.counters);
  Append(facts, report.listeners);
  Append(facts, report.conntrack_tables);
  Append(facts, report.conntrack_usage);
  Append(facts, report.pod_sockets);
  Append(facts, report.conntrack_entries);
  Append(facts, report.ipvs_services);
  Append(facts, report.ipvs_connections);
  Append(facts, report.neighbours);
  Append(facts, report.filter_tables);
  Append(facts, report.cpu_throttling);
  Append(facts, report.taps);
  Append(facts, report.handshakes);
  Append(facts, report.handshake_details);
  Append(facts, report.batch_ends);
  Append(facts, report.check_attempts);
  Append(facts, report.end);
  return Json{{"facts", std::move(facts)},
              {"complete", report.complete},
              {"missing_lines", report.missing_lines},
              {"foreign_lines", report.foreign_lines}};
}

Result<ProbeReport> ReportFromJson(const Json& json) {
  ProbeReport report;
  try {
    for (const Json& element : json.at("facts")) {
      auto fact = FactFromJson(element);
      if (!fact) {
        return fact.error();
      }
      if (*fact) {
        std::visit(Sorter{report}, **fact);
      }
    }
    report.complete = json.value("complete", false);
    report.missing_lines = json.value("missing_lines", std::int64_t{0});
    report.foreign_lines = json.value("foreign_lines", std::vector<std::string>{});
  } catch (const Json::exception& e) {
    return Error{std::string("probe report: ") + e.what()};
  }
  return report;
}

std::optional<std::string> FindSysctl(const ProbeReport& report,
                                      Where where,
                                      Moment moment,
                                      const std::string& name) {
  return FindValue(report.sysctls, where, moment, name, std::string());
}

std::optional<std::int64_t> FindCounter(const ProbeReport& report,
                                        Where where,
                                        Moment moment,
                                        const std::string& name) {
  return FindValue(report.counters, where, moment, name, std::int64_t{0});
}

std::optional<std::vector<Listener>> FindListeners(const ProbeReport& report,
                                                   Where where,
                                                   Moment moment) {
  std::optional<std::vector<Listener>> found;
  for (const Listeners& part : report.listeners) {
    if (part.where == where && part.moment == moment) {
      if (!found) {
        found.emplace();
      }
      found->insert(found->end(), part.listeners.begin(), part.listeners.end());
    }
  }
  return found;
}

std::optional<ConntrackTable> FindConntrackTable(const ProbeReport& report,
                                                 Where where,
                                                 Moment moment) {
  for (const ConntrackTable& table : report.conntrack_tables) {
    if (table.where == where && table.moment == moment) {
      return table;
    }
  }
  return std::nullopt;
}

std::optional<TargetState> FindTarget(const ProbeReport& report, Moment moment) {
  std::optional<TargetState> found;
  for (const TargetState& part : report.targets) {
    if (part.moment != moment) {
      continue;
    }
    if (!found) {
      found = part;
    } else {
      found->containers.insert(
          found->containers.end(), part.containers.begin(), part.containers.end());
    }
  }
  return found;
}

std::vector<FilterTable> FindFilterTables(const ProbeReport& report, Where where, Moment moment) {
  std::vector<FilterTable> tables;
  for (const FilterTable& part : report.filter_tables) {
    if (part.where != where || part.moment != moment) {
      continue;
    }
    const auto table = std::find_if(tables.begin(), tables.end(), [&](const FilterTable& other) {
      return other.backend == part.backend && other.family == part.family &&
             other.name == part.name;
    });
    if (table == tables.end()) {
      tables.push_back(part);
    } else {
      table->chains.insert(part.chains.begin(), part.chains.end());
    }
  }
  return tables;
}

Result<std::vector<Handshake>> ExpandHandshakes(const ProbeReport& report,
                                                const std::string& batch) {
  std::vector<Handshake> attempts;
  for (const HandshakeColumns& columns : report.handshakes) {
    if (columns.batch != batch) {
      continue;
    }
    const auto part = ExpandColumns(columns);
    if (!part) {
      return Error{"handshakes of batch " + batch + ": columns contradict each other"};
    }
    attempts.insert(attempts.end(), part->begin(), part->end());
  }
  return attempts;
}

}  // namespace netcheck::protocol
