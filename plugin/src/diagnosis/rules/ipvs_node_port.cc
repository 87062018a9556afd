// A source port that is also the port of an IPVS service on the connection's source address: the
// pod's SYN-ACK arrives at LOCAL_IN, matches the virtual service and is sent to one of its backends
// (net/netfilter/ipvs/ip_vs_core.c, ip_vs_in_hook; ip_vs_proto_tcp.c, tcp_conn_schedule looks at
// SYN and not at ACK). The socket on the node stays in SYN-SENT.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include "diagnosis/rule.h"
#include "diagnosis/source_port_forecast.h"
#include "diagnosis/words.h"
#include "protocol/port_range.h"

namespace netcheck::diagnosis {
namespace {

using protocol::Moment;
using protocol::PortRange;
using protocol::Where;

/// How many standard deviations a measured number may be away from the predicted one.
constexpr double kDeviations = 3;

std::optional<PortRange> SourcePorts(const Digest& digest) {
  const auto range = protocol::FindSysctl(
      digest.report(), Where::kNode, Moment::kBefore, "net.ipv4.ip_local_port_range");
  const auto reserved = protocol::FindSysctl(
      digest.report(), Where::kNode, Moment::kBefore, "net.ipv4.ip_local_reserved_ports");
  if (!range || !reserved) {
    return std::nullopt;
  }
  auto ports = protocol::ParsePortRange(*range, *reserved);
  return ports ? std::optional<PortRange>(*std::move(ports)) : std::nullopt;
}

/// TCP service ports by the address that the service is on.
std::map<std::string, std::set<int>> ServicePorts(const Digest& digest) {
  std::map<std::string, std::set<int>> ports;
  for (const protocol::IpvsServices& part : digest.report().ipvs_services) {
    for (const protocol::IpvsService& service : part.services) {
      if (part.moment == Moment::kBefore && service.protocol == "TCP") {
        ports[service.address].insert(service.port);
      }
    }
  }
  return ports;
}

/// What a probe's attempts met, sorted by whether their source is an IPVS service.
struct Measured {
  std::string source;  ///< The node's address that the connections come from.
  std::vector<AttemptRef> swallowed;
  std::set<int> swallowed_ports;
  std::set<int> passed_ports;
  int collided_and_passed = 0;
  int others_passed = 0;
  int others_failed = 0;
};

void Add(const HandshakeAttempt& attempt, const std::set<int>& collisions, Measured& measured) {
  const protocol::Handshake& handshake = attempt.handshake;
  if (handshake.result == protocol::kResultNotTried) {
    return;
  }
  const bool collides = collisions.count(handshake.source_port) != 0;
  if (!attempt.failed()) {
    ++(collides ? measured.collided_and_passed : measured.others_passed);
    measured.passed_ports.insert(handshake.source_port);
  } else if (collides && attempt.stage == Stage::kSynAckLost) {
    measured.swallowed.push_back({handshake.batch, handshake.index});
    measured.swallowed_ports.insert(handshake.source_port);
  } else {
    ++measured.others_failed;
  }
}

/// A check's port is the kernel's choice: it may be such a port, too.
void AddCheck(const JudgedAttempt& judged,
              const std::map<std::string, std::set<int>>& services,
              Measured& measured) {
  const protocol::CheckAttempt& attempt = *judged.attempt;
  const auto it = services.find(attempt.source_address);
  if (it == services.end() || it->second.count(attempt.source_port) == 0) {
    return;
  }
  if (attempt.connect_us) {
    ++measured.collided_and_passed;
  } else if (judged.failed && judged.stage == Stage::kSynAckLost) {
    measured.swallowed.push_back({attempt.check, attempt.index});
    measured.swallowed_ports.insert(attempt.source_port);
  }
}

Measured Measure(const ProbeCase& probe, const std::map<std::string, std::set<int>>& services) {
  Measured measured;
  for (const Batch* batch : probe.batches) {
    for (const HandshakeAttempt& attempt : batch->attempts) {
      if (!attempt.handshake.source_address.empty()) {
        measured.source = attempt.handshake.source_address;
      }
      const auto it = services.find(attempt.handshake.source_address);
      Add(attempt, it == services.end() ? std::set<int>() : it->second, measured);
    }
  }
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& attempt : check->attempts) {
      AddCheck(attempt, services, measured);
    }
  }
  return measured;
}

/// The swallowed SYN-ACK as an IPVS connection: client is the pod, virtual address the node.
const protocol::IpvsConnection* FindConnection(const Digest& digest,
                                               const model::Probe& probe,
                                               const Measured& measured) {
  for (const protocol::IpvsConnections& part : digest.report().ipvs_connections) {
    for (const protocol::IpvsConnection& connection : part.connections) {
      if (connection.client == probe.address && connection.client_port == probe.port &&
          connection.virtual_address == measured.source &&
          measured.swallowed_ports.count(connection.virtual_port) != 0) {
        return &connection;
      }
    }
  }
  return nullptr;
}

/// What the kernel-chosen ports met, beside what the share of failing ports predicts.
void AddMeasured(const ProbeCase& probe, const PortShare& share, Finding& finding) {
  int tried = 0;
  int met = 0;
  int swallowed = 0;
  for (const Batch* batch : probe.batches) {
    if (batch->plan->ports.kind != protocol::PortPlanKind::kKubelet) {
      continue;
    }
    for (const HandshakeAttempt& attempt : batch->attempts) {
      const bool made = attempt.handshake.result != protocol::kResultNotTried;
      const bool collides = made && share.ports.count(attempt.handshake.source_port) != 0;
      tried += made ? 1 : 0;
      met += collides ? 1 : 0;
      swallowed += collides && attempt.stage == Stage::kSynAckLost ? 1 : 0;
    }
  }
  const double expected = tried * share.Expected();
  const double deviation = std::sqrt(expected * (1 - share.Expected()));
  if (tried == 0 || (met == 0 && expected < 1)) {
    return;
  }
  // The kernel takes one port after the other for a destination: a short walk sees a part of them.
  const bool agrees = std::abs(met - expected) <= kDeviations * deviation;
  finding.evidence.push_back(
      fmt::format("Of {} whose source port the kernel chose, as it does for kubelet, {} met such a "
                  "port ({:.1f} ± {:.1f} were predicted, which {}), and {} of these got no answer.",
                  Count(tried, "connection"),
                  met,
                  expected,
                  deviation,
                  agrees ? "agrees" : "differs",
                  swallowed));
}

void AddForecast(const Digest& digest,
                 const ProbeCase& probe,
                 const PortRange& range,
                 const PortShare& share,
                 Finding& finding) {
  finding.evidence.push_back(
      fmt::format("net.ipv4.ip_local_port_range is {} to {}; {} of its {} eligible ports {} an "
                  "IPVS service there.",
                  range.local.first,
                  range.local.last,
                  share.failing,
                  share.eligible,
                  share.failing == 1 ? "is" : "are"));
  finding.evidence.push_back(
      fmt::format("Predicted share of connections that fail: {:.2f} % ({} of the {} ports of the "
                  "low bound's parity, which connect() takes first; {:.2f} % when those are used "
                  "up). It assumes that each port is equally likely in the long run.",
                  100 * share.Expected(),
                  share.failing_preferred,
                  share.preferred,
                  100.0 * share.failing / share.eligible));
  const double held_s = ConnectTimeoutSeconds(digest);
  const auto between_s = SecondsBetweenFailures(share, digest, *probe.probe, held_s);
  if (!between_s) {
    finding.evidence.emplace_back(
        "As long as ports of that parity are free, kubelet's probes do not meet one of them.");
    return;
  }
  const bool http = probe.probe->kind == model::ProbeKind::kHttp;
  finding.evidence.push_back(fmt::format(
      "For this pod's probes of {} that is about one failure in {}{}",
      HostPort(probe.probe->address, probe.probe->port),
      Span(*between_s),
      http ? fmt::format(": a connection that httpGet gave up keeps its port until its SYNs are "
                         "no longer repeated ({:.0f} s), and no other meets that port meanwhile.",
                         held_s)
           : "."));
}

/// Every port that IPVS may take for a Service's: those found in its table and those the API knows.
std::set<int> PortsToReserve(const Digest& digest, const PortShare& share) {
  std::set<int> ports = share.ports;
  for (const model::NodePort& port : digest.evidence->node_ports) {
    if (port.protocol == "TCP") {
      ports.insert(port.port);
    }
  }
  return ports;
}

/// Whether a port right beside one that was swallowed passed.
bool NeighbourPassed(const Measured& measured) {
  return std::any_of(
      measured.swallowed_ports.begin(), measured.swallowed_ports.end(), [&](int port) {
        return std::any_of(measured.passed_ports.begin(), measured.passed_ports.end(), [&](int p) {
          return p != port && std::abs(p - port) <= 2;
        });
      });
}

Certainty CertaintyOf(const Measured& measured, bool connection_seen) {
  if (measured.swallowed.empty()) {
    return Certainty::kPossible;
  }
  const bool only_there = measured.others_passed > 0 && measured.collided_and_passed == 0;
  if (connection_seen && only_there && NeighbourPassed(measured)) {
    return Certainty::kProven;
  }
  return only_there ? Certainty::kLikely : Certainty::kPossible;
}

std::optional<Finding> Examine(const Digest& digest,
                               const ProbeCase& probe,
                               const PortRange& range,
                               const std::map<std::string, std::set<int>>& services) {
  Measured measured = Measure(probe, services);
  const auto on_source = services.find(measured.source);
  if (on_source == services.end()) {
    return std::nullopt;
  }
  const PortShare share = ShareOf(range, on_source->second);
  if (share.failing == 0) {
    return std::nullopt;
  }
  const protocol::IpvsConnection* connection = FindConnection(digest, *probe.probe, measured);
  Finding finding;
  finding.code = "NC-IPVS-001";
  finding.certainty = CertaintyOf(measured, connection != nullptr);
  finding.subject = probe.subject;
  finding.title =
      "Source ports that are NodePorts: IPVS takes the pod's SYN-ACK for a connection to the "
      "Service";
  if (!measured.swallowed.empty()) {
    finding.evidence.push_back(
        fmt::format("{} from source ports that are IPVS services on {} got no answer although the "
                    "SYN-ACK left the "
                    "pod: {}. From other source ports {} passed and {} failed.",
                    Count(std::ssize(measured.swallowed), "connection"),
                    measured.source,
                    fmt::join(measured.swallowed_ports, ", "),
                    measured.others_passed,
                    measured.others_failed));
  }
  if (connection != nullptr) {
    finding.evidence.push_back(
        fmt::format("IPVS holds the SYN-ACK as a connection: {} to {}, sent to {}, {}.",
                    HostPort(connection->client, connection->client_port),
                    HostPort(connection->virtual_address, connection->virtual_port),
                    HostPort(connection->destination, connection->destination_port),
                    connection->state));
  }
  AddMeasured(probe, share, finding);
  AddForecast(digest, probe, range, share, finding);
  finding.fix.push_back(
      fmt::format("On node {}: sysctl -w net.ipv4.ip_local_reserved_ports={} (and persist it in "
                  "/etc/sysctl.d).",
                  digest.evidence->node.name,
                  ReservedPortsWith(range, PortsToReserve(digest, share))));
  finding.claims = std::move(measured.swallowed);
  return finding;
}

}  // namespace

std::vector<Finding> IpvsNodePort(const Digest& digest) {
  std::vector<Finding> findings;
  const auto range = SourcePorts(digest);
  const auto services = ServicePorts(digest);
  if (!range || services.empty()) {
    return findings;
  }
  for (const ProbeCase& probe : digest.probes) {
    if (!probe.unusable.empty()) {
      continue;
    }
    if (auto finding = Examine(digest, probe, *range, services)) {
      findings.push_back(*std::move(finding));
    }
  }
  return findings;
}

}  // namespace netcheck::diagnosis
