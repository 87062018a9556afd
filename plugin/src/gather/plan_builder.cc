#include "gather/plan_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "gather/plan_parts.h"

namespace netcheck::gather {
namespace {

using model::ProbeKind;
using protocol::PortPlan;
using protocol::PortPlanKind;

/// Of the default mix: where so many connections in a row stay without an answer, more tell
/// nothing.
constexpr int kGiveUpAfter = 10;
/// Of an exec probe.
constexpr int kMostCommands = 5;
constexpr int kCommandPauseMs = 200;
constexpr int kLongestCommandMs = 8000;
/// What one plan may list of NodePorts; it is one argument of a process.
constexpr std::size_t kMaxCandidates = 8000;

/// Whether the text is an IP address: handshakes are made with addresses, not with names.
bool IsAddress(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdefABCDEF.:") == std::string::npos &&
         text.find_first_of(".:") != std::string::npos &&
         (text.find(':') != std::string::npos ||
          text.find_first_not_of("0123456789.") == std::string::npos);
}

struct Endpoint {
  std::string address;
  int port = 0;
  int timeout_ms = 0;
  std::vector<std::size_t> probes;  ///< Indices of the probes that connect to it.
};

std::vector<Endpoint> DistinctEndpoints(const std::vector<ProbeSpec>& probes) {
  std::vector<Endpoint> endpoints;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const model::Probe& probe = probes[i].probe;
    if (!IsCheckable(probe) || probe.kind == ProbeKind::kExec || !IsAddress(probe.address)) {
      continue;
    }
    auto endpoint = std::find_if(endpoints.begin(), endpoints.end(), [&](const Endpoint& e) {
      return e.address == probe.address && e.port == probe.port;
    });
    if (endpoint == endpoints.end()) {
      endpoint = endpoints.insert(endpoints.end(), {probe.address, probe.port, 0, {}});
    }
    // A handshake that takes longer than 3 s, one SYN and two repeats, is lost for any probe.
    endpoint->timeout_ms =
        std::clamp(probe.timeout_s, std::max(1, endpoint->timeout_ms / 1000), 3) * 1000;
    endpoint->probes.push_back(i);
  }
  return endpoints;
}

/// NodePorts that a TCP connection can collide with, each once, evenly thinned out to `limit`.
std::vector<int> Candidates(const std::vector<model::NodePort>& node_ports, std::size_t limit) {
  std::set<int> ports;
  for (const model::NodePort& port : node_ports) {
    if (port.protocol == "TCP" && port.port >= 1 && port.port <= 65535) {
      ports.insert(port.port);
    }
  }
  std::vector<int> all(ports.begin(), ports.end());
  if (all.size() <= limit) {
    return all;
  }
  std::vector<int> some;
  some.reserve(limit);
  for (std::size_t i = 0; i < limit; ++i) {
    some.push_back(all[i * all.size() / limit]);
  }
  return some;
}

/// The port plans for each of `n` endpoints.
std::vector<PortPlan> PortPlans(const PortChoice& choice, int n, std::vector<int> candidates) {
  switch (choice.kind) {
    case PortPlanKind::kKubelet:
      return {{PortPlanKind::kKubelet, std::max(200 / n, 20), {}}};
    case PortPlanKind::kSpread:
      return {{PortPlanKind::kSpread, std::max(1000 / n, 100), {}}};
    case PortPlanKind::kSuspects:
      return {{PortPlanKind::kSuspects, std::max(1000 / n, 100), std::move(candidates)}};
    case PortPlanKind::kSweep:
      return {{PortPlanKind::kSweep, 0, {}}};
    case PortPlanKind::kList:
      return {{PortPlanKind::kList, static_cast<int>(choice.list.size()), choice.list}};
    case PortPlanKind::kUnknown:
      break;
  }
  return {{PortPlanKind::kKubelet, std::clamp(60 / n, 10, 30), {}},
          {PortPlanKind::kSpread, std::clamp(200 / n, 20, 200), {}},
          {PortPlanKind::kSuspects, std::max(160 / n, 16), std::move(candidates)}};
}

protocol::Target DescribeTarget(const model::Pod& pod) {
  protocol::Target target;
  target.pod_uid = pod.cgroup_uid;
  target.pod_ips = pod.ips;
  target.host_network = pod.host_network;
  for (const model::Container& container : pod.containers) {
    target.containers.push_back({container.name, container.id});
  }
  return target;
}

/// A declared port is checked as a TCP probe would.
protocol::CheckKind KindOf(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kHttp:
      return protocol::CheckKind::kHttp;
    case ProbeKind::kGrpc:
      return protocol::CheckKind::kGrpc;
    case ProbeKind::kExec:
      return protocol::CheckKind::kExec;
    default:
      return protocol::CheckKind::kTcp;
  }
}

protocol::Check DescribeCheck(const ProbeSpec& spec, const PlanOptions& options) {
  const model::Probe& probe = spec.probe;
  protocol::Check check;
  check.kind = KindOf(probe.kind);
  check.timeout_ms = probe.timeout_s * 1000;
  // Long enough to tell how slow the pod is, and never less than kubelet's own patience.
  check.patience_ms = std::max(check.timeout_ms, std::clamp(10 * check.timeout_ms, 10000, 30000));
  check.attempts = options.ports.kind == PortPlanKind::kUnknown ? 10 : 3;
  check.budget_ms = 10000;
  if (probe.kind == ProbeKind::kExec) {
    // A command costs the container CPU time that the application may need; and of one that is
    // killed at the limit, as kubelet has it killed, there is to be time for another.
    check.patience_ms =
        std::max(check.timeout_ms, std::min(4 * check.timeout_ms, kLongestCommandMs));
    check.attempts = std::min(check.attempts, kMostCommands);
    check.interval_ms = kCommandPauseMs;
    check.exec = {probe.container, spec.command};
    return check;
  }
  check.address = probe.address;
  check.port = probe.port;
  if (probe.kind == ProbeKind::kHttp) {
    check.http = {probe.scheme, probe.path, spec.http_host, spec.headers, options.user_agent};
  } else if (probe.kind == ProbeKind::kGrpc) {
    check.grpc = {probe.grpc_service, options.user_agent};
  }
  return check;
}

protocol::Limits ChooseLimits(std::optional<int> rate) {
  protocol::Limits limits;
  if (rate) {
    // A rate is the user's consent to what it takes.
    limits.connections_per_second = *rate;
    limits.max_in_flight = std::clamp(*rate / 20, 10, 1000);
    limits.conntrack_percent = 50;
  }
  return limits;
}

void AddBatches(const std::vector<Endpoint>& endpoints,
                const std::vector<model::NodePort>& node_ports,
                const PortChoice& choice,
                BuiltPlan& built) {
  const int n = std::max(1, static_cast<int>(endpoints.size()));
  const std::vector<int> candidates =
      Candidates(node_ports, kMaxCandidates / static_cast<std::size_t>(n));
  for (const Endpoint& endpoint : endpoints) {
    for (PortPlan& ports : PortPlans(choice, n, candidates)) {
      protocol::HandshakeBatch batch;
      batch.id = BatchId(endpoint.address, endpoint.port, ports.kind);
      batch.address = endpoint.address;
      batch.port = endpoint.port;
      batch.timeout_ms = endpoint.timeout_ms;
      batch.give_up_after = choice.kind == PortPlanKind::kUnknown ? kGiveUpAfter : 0;
      batch.ports = std::move(ports);
      for (const std::size_t probe : endpoint.probes) {
        built.probes[probe].batch_ids.push_back(batch.id);
      }
      built.plan.batches.push_back(std::move(batch));
    }
  }
}

void AddChecks(const std::vector<ProbeSpec>& specs, const PlanOptions& options, BuiltPlan& built) {
  for (std::size_t i = 0; i < specs.size(); ++i) {
    model::Probe& probe = built.probes[i];
    if (!IsCheckable(probe)) {
      continue;
    }
    if (probe.kind != ProbeKind::kExec && !IsAddress(probe.address)) {
      built.not_seen.push_back(
          {fmt::format("handshakes with {}:{}", probe.address, probe.port),
           "the probe's host is a name, and handshakes are made with addresses",
           "the probe was checked as kubelet does, without a look at single source ports"});
    }
    protocol::Check check = DescribeCheck(specs[i], options);
    check.id = probe.kind == ProbeKind::kPort
                   ? fmt::format("{}/port-{}", probe.container, probe.port)
                   : fmt::format("{}/{}", probe.container, model::Name(probe.type));
    probe.check_ids.push_back(check.id);
    built.plan.checks.push_back(std::move(check));
  }
}

}  // namespace

BuiltPlan BuildPlan(const model::Pod& pod,
                    const std::vector<ProbeSpec>& probes,
                    const std::vector<model::NodePort>& node_ports,
                    const PlanOptions& options) {
  BuiltPlan built;
  for (const ProbeSpec& spec : probes) {
    built.probes.push_back(spec.probe);
  }
  protocol::Plan& plan = built.plan;
  plan = NewPlan(options.id, options.seed);
  plan.target = DescribeTarget(pod);
  plan.limits = ChooseLimits(options.rate);
  AddBatches(DistinctEndpoints(probes), node_ports, options.ports, built);
  AddChecks(probes, options, built);
  SetDeadline(options.time_limit_ms, plan);
  return built;
}

}  // namespace netcheck::gather
