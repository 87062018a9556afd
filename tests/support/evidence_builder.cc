#include "support/evidence_builder.h"

#include <cerrno>

#include "protocol/version.h"

namespace netcheck::test {
namespace {

using protocol::Moment;
using protocol::Where;

constexpr int kFirstSourcePort = 40000;
constexpr std::int64_t kHandshakeUs = 150;
constexpr std::int64_t kPatienceUs = 1000000;

model::Container WebContainer() {
  model::Container container;
  container.name = "web";
  container.id = "containerd://" + std::string(64, 'a');
  container.ports = {{"http", 8080, "TCP"}};
  container.state = "running";
  container.started = true;
  return container;
}

model::Probe ReadinessProbe() {
  model::Probe probe;
  probe.container = "web";
  probe.type = model::ProbeType::kReadiness;
  probe.kind = model::ProbeKind::kHttp;
  probe.address = "10.244.0.5";
  probe.port_name = "http";
  probe.port = 8080;
  probe.scheme = "HTTP";
  probe.path = "/healthz";
  probe.batch_ids = {"h0"};
  probe.check_ids = {"c0"};
  return probe;
}

protocol::Plan PlanFor(const model::Probe& probe) {
  protocol::Plan plan;
  plan.protocol_version = protocol::kProtocolVersion;
  plan.id = "test";
  protocol::HandshakeBatch batch;
  batch.id = "h0";
  batch.address = probe.address;
  batch.port = probe.port;
  batch.ports.kind = protocol::PortPlanKind::kSpread;
  plan.batches = {batch};
  protocol::Check check;
  check.id = "c0";
  check.kind = protocol::CheckKind::kHttp;
  check.address = probe.address;
  check.port = probe.port;
  check.timeout_ms = 1000;
  check.patience_ms = 10000;
  plan.checks = {check};
  return plan;
}

}  // namespace

EvidenceBuilder::EvidenceBuilder() {
  model::Pod& pod = evidence_.pod;
  pod.namespace_name = "default";
  pod.name = "web";
  pod.uid = "11111111-2222-3333-4444-555555555555";
  pod.cgroup_uid = pod.uid;
  pod.node = "node-a";
  pod.phase = "Running";
  pod.ips = {"10.244.0.5"};
  pod.containers = {WebContainer()};
  evidence_.pod_after = pod;
  evidence_.node.name = "node-a";
  evidence_.node.ready = true;
  evidence_.probes = {ReadinessProbe()};
  evidence_.plan = PlanFor(evidence_.probes.front());
  protocol::ProbeReport& report = evidence_.report;
  report.complete = true;
  for (const Moment moment : {Moment::kBefore, Moment::kAfter}) {
    protocol::TargetState target;
    target.moment = moment;
    target.found = true;
    target.containers = {{"web", pod.containers[0].id, true, 4242, 1000}};
    report.targets.push_back(target);
  }
  NodeSysctl("net.ipv4.ip_local_port_range", "32768\t60999");
  NodeSysctl("net.ipv4.ip_local_reserved_ports", "");
  Listeners({{"0.0.0.0", 8080, false, 0, 128}});
}

protocol::BatchEnd& EvidenceBuilder::End() {
  auto& ends = evidence_.report.batch_ends;
  if (ends.empty()) {
    protocol::BatchEnd end;
    end.batch = "h0";
    end.node_tap = {true, 0, 10, 10};
    end.pod_tap = {true, 0, 10, 10};
    ends.push_back(end);
  }
  return ends.front();
}

EvidenceBuilder& EvidenceBuilder::Handshake(int source_port, HandshakeOutcome outcome) {
  protocol::BatchEnd& end = End();
  protocol::HandshakeColumns columns;
  columns.batch = "h0";
  columns.first = end.tried;
  columns.count = 1;
  columns.source_address = "10.244.0.1";
  columns.source_ports = {{source_port, 1, 1}};
  columns.results = {{outcome.result, 1}};
  columns.seen = {{outcome.seen, 1}};
  columns.start_us = {end.tried * kHandshakeUs};
  columns.duration_us = {outcome.result == protocol::kResultDeadline ? kPatienceUs : kHandshakeUs};
  evidence_.report.handshakes.push_back(columns);
  ++end.tried;
  ++(outcome.result == 0 ? end.established : end.failed);
  return *this;
}

EvidenceBuilder& EvidenceBuilder::Handshakes(int count, HandshakeOutcome outcome) {
  for (int i = 0; i < count; ++i) {
    Handshake(kFirstSourcePort + 2 * i, outcome);
  }
  return *this;
}

EvidenceBuilder& EvidenceBuilder::Check(const protocol::CheckAttempt& attempt) {
  protocol::CheckAttempt numbered = attempt;
  numbered.check = "c0";
  numbered.index = static_cast<int>(evidence_.report.check_attempts.size());
  evidence_.report.check_attempts.push_back(numbered);
  return *this;
}

EvidenceBuilder& EvidenceBuilder::HttpAnswer(int status, std::int64_t total_us) {
  protocol::CheckAttempt attempt;
  attempt.source_address = "10.244.0.1";
  attempt.source_port = 50000;
  attempt.connect_us = kHandshakeUs;
  attempt.first_byte_us = total_us;
  attempt.total_us = total_us;
  attempt.phase = protocol::CheckPhase::kDone;
  attempt.http_status = status;
  attempt.result = status >= 200 && status < 400 ? "success" : "failure";
  if (attempt.result == "failure") {
    attempt.output = "HTTP probe failed with statuscode: " + std::to_string(status);
  }
  return Check(attempt);
}

EvidenceBuilder& EvidenceBuilder::Listeners(const std::vector<protocol::Listener>& listeners) {
  evidence_.report.listeners = {{Moment::kBefore, Where::kPod, listeners},
                                {Moment::kAfter, Where::kPod, listeners}};
  return *this;
}

EvidenceBuilder& EvidenceBuilder::Counter(Where where,
                                          const std::string& name,
                                          std::int64_t before,
                                          std::int64_t after) {
  evidence_.report.counters.push_back({Moment::kBefore, where, {{name, before}}});
  evidence_.report.counters.push_back({Moment::kAfter, where, {{name, after}}});
  return *this;
}

EvidenceBuilder& EvidenceBuilder::Conntrack(Where where,
                                            std::array<std::int64_t, 3> counts,
                                            std::int64_t max,
                                            const std::map<std::string, std::int64_t>& stats) {
  // An idle window of a second, and a run of four.
  constexpr std::array<std::int64_t, 3> kAtUs = {0, 1'000'000, 5'000'000};
  constexpr std::array<Moment, 3> kMoments = {Moment::kIdle, Moment::kBefore, Moment::kAfter};
  for (std::size_t i = 0; i < kMoments.size(); ++i) {
    protocol::ConntrackTable table{kMoments[i], where, counts[i], max, 65536, stats, kAtUs[i]};
    for (auto& [name, value] : table.stats) {
      value = kMoments[i] == Moment::kAfter ? value : 0;
    }
    evidence_.report.conntrack_tables.push_back(table);
  }
  return *this;
}

EvidenceBuilder& EvidenceBuilder::NodeSysctl(const std::string& name, const std::string& value) {
  // The first match counts, so a later call has to come first.
  auto& sysctls = evidence_.report.sysctls;
  sysctls.insert(sysctls.begin(), {Moment::kBefore, Where::kNode, {{name, value}}});
  return *this;
}

EvidenceBuilder& EvidenceBuilder::IpvsService(const std::string& address, int port) {
  protocol::IpvsService service;
  service.protocol = "TCP";
  service.address = address;
  service.port = port;
  service.scheduler = "rr";
  service.destinations = {{"10.244.0.12", 8080, 1}};
  evidence_.report.ipvs_services.push_back({Moment::kBefore, {service}});
  return *this;
}

EvidenceBuilder& EvidenceBuilder::WithoutTaps() {
  End().node_tap = {};
  End().pod_tap = {};
  return *this;
}

protocol::CheckAttempt RefusedCheck() {
  protocol::CheckAttempt attempt;
  attempt.phase = protocol::CheckPhase::kConnect;
  attempt.connect_result = ECONNREFUSED;
  attempt.result = "failure";
  attempt.total_us = kHandshakeUs;
  attempt.output =
      "Get \"http://10.244.0.5:8080/healthz\": dial tcp 10.244.0.5:8080: connect: connection "
      "refused";
  return attempt;
}

}  // namespace netcheck::test
