#include "diagnosis/source_port_forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

namespace netcheck::diagnosis {
namespace {

using protocol::PortInterval;

/// kube-apiserver's default --service-node-port-range.
constexpr PortInterval kNodePorts{30000, 32767};
constexpr int kDefaultSynRetries = 6;

int NodeSysctl(const Digest& digest, const char* name, int fallback) {
  const auto text = protocol::FindSysctl(
      digest.report(), protocol::Where::kNode, protocol::Moment::kBefore, name);
  return text && !text->empty() ? std::atoi(text->c_str()) : fallback;
}

/// Probes a second, of one kind, to one address and port.
double RateOf(const Digest& digest, const model::Probe& like, bool http) {
  double rate = 0;
  for (const ProbeCase& other : digest.probes) {
    const model::Probe& probe = *other.probe;
    const bool same = probe.address == like.address && probe.port == like.port;
    // A startup probe ends when the others begin.
    if (same && (probe.kind == model::ProbeKind::kHttp) == http && probe.period_s > 0 &&
        probe.type != model::ProbeType::kStartup && probe.type != model::ProbeType::kUnknown) {
      rate += 1.0 / probe.period_s;
    }
  }
  return rate;
}

/// Whether the NodePort range covers more than half of what the kernel chooses from.
bool LeavesTooFew(const protocol::PortRange& range) {
  int eligible = 0;
  int left = 0;
  for (int port = range.local.first; port <= range.local.last; ++port) {
    eligible += range.Eligible(port) ? 1 : 0;
    left += range.Eligible(port) && !kNodePorts.Contains(port) ? 1 : 0;
  }
  return 2 * left < eligible;
}

}  // namespace

double PortShare::Expected() const {
  return preferred == 0 ? 0 : static_cast<double>(failing_preferred) / preferred;
}

PortShare ShareOf(const protocol::PortRange& range, const std::set<int>& failing) {
  PortShare share;
  for (int port = range.local.first; port <= range.local.last; ++port) {
    if (!range.Eligible(port)) {
      continue;
    }
    const int preferred = range.PreferredByConnect(port) ? 1 : 0;
    ++share.eligible;
    share.preferred += preferred;
    if (failing.count(port) != 0) {
      ++share.failing;
      share.failing_preferred += preferred;
      share.ports.insert(port);
    }
  }
  return share;
}

std::optional<double> SecondsBetweenFailures(const PortShare& share,
                                             const Digest& digest,
                                             const model::Probe& probe,
                                             double held_s) {
  if (share.failing_preferred == 0) {
    return std::nullopt;
  }
  double failures = RateOf(digest, probe, false) * share.Expected();
  if (const double http = RateOf(digest, probe, true); http > 0) {
    failures += share.failing_preferred / (held_s + share.preferred / http);
  }
  return failures > 0 ? std::optional(1 / failures) : std::nullopt;
}

double ConnectTimeoutSeconds(const Digest& digest) {
  const int retries = NodeSysctl(digest, "net.ipv4.tcp_syn_retries", kDefaultSynRetries);
  const int linear = NodeSysctl(digest, "net.ipv4.tcp_syn_linear_timeouts", 0);
  return std::exp2(std::clamp(retries, 0, 30) + 1) - 1 + linear;
}

std::string ReservedPortsWith(const protocol::PortRange& range, const std::set<int>& ports) {
  std::vector<PortInterval> intervals = range.reserved;
  if (!ports.empty() && kNodePorts.Contains(*ports.begin()) &&
      kNodePorts.Contains(*ports.rbegin()) && !LeavesTooFew(range)) {
    intervals.push_back(kNodePorts);
  } else {
    for (const int port : ports) {
      intervals.push_back({port, port});
    }
  }
  std::sort(intervals.begin(), intervals.end(), [](const PortInterval& a, const PortInterval& b) {
    return a.first < b.first;
  });
  std::string value;
  for (std::size_t i = 0; i < intervals.size();) {
    PortInterval joined = intervals[i];
    for (++i; i < intervals.size() && intervals[i].first <= joined.last + 1; ++i) {
      joined.last = std::max(joined.last, intervals[i].last);
    }
    value += fmt::format("{}{}", value.empty() ? "" : ",", joined.first);
    if (joined.last != joined.first) {
      value += fmt::format("-{}", joined.last);
    }
  }
  return value;
}

}  // namespace netcheck::diagnosis
