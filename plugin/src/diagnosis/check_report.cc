#include "diagnosis/check_report.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "diagnosis/kubelet_words.h"
#include "diagnosis/words.h"

namespace netcheck::diagnosis {
namespace {

constexpr double kMicrosPerMilli = 1e3;

double Millis(std::int64_t microseconds) {
  return static_cast<double>(microseconds) / kMicrosPerMilli;
}

std::map<int, const protocol::HandshakeDetail*> DetailsOf(const Digest& digest,
                                                          const std::string& batch) {
  std::map<int, const protocol::HandshakeDetail*> details;
  for (const protocol::HandshakeDetail& detail : digest.report().handshake_details) {
    if (detail.batch == batch) {
      details[detail.index] = &detail;
    }
  }
  return details;
}

void AddHandshakes(const Digest& digest, const Batch& batch, CheckReport& report) {
  const auto details = DetailsOf(digest, batch.plan->id);
  report.attempts.reserve(batch.attempts.size());
  for (const HandshakeAttempt& tried : batch.attempts) {
    const protocol::Handshake& handshake = tried.handshake;
    Attempt attempt;
    attempt.source_port = handshake.source_port;
    attempt.source_address = handshake.source_address;
    attempt.stage = tried.stage;
    if (handshake.result == protocol::kResultNotTried) {
      attempt.outcome = "not tried";
      ++report.not_tried;
    } else {
      attempt.outcome = tried.failed() ? "failure" : "success";
      ++(tried.failed() ? report.failed : report.passed);
      (tried.failed() ? attempt.total_ms : attempt.connect_ms) = Millis(handshake.duration_us);
    }
    if (const auto it = details.find(handshake.index); it != details.end()) {
      attempt.detail = it->second->error;
    }
    report.attempts.push_back(std::move(attempt));
  }
}

CheckReport BatchReport(const Digest& digest, const Batch& batch) {
  CheckReport report;
  report.id = batch.plan->id;
  report.kind = "handshake";
  report.ports = protocol::Name(batch.plan->ports.kind);
  report.target = HostPort(batch.plan->address, batch.plan->port);
  AddHandshakes(digest, batch, report);
  return report;
}

std::string TargetOf(const protocol::Check& plan, const model::Probe& probe) {
  if (plan.kind == protocol::CheckKind::kExec) {
    return CommandLine(plan.exec.command);
  }
  std::string host_port = HostPort(plan.address, plan.port);
  if (plan.kind != protocol::CheckKind::kHttp) {
    return host_port;
  }
  return fmt::format(
      "{}://{}{}", probe.scheme == "HTTPS" ? "https" : "http", host_port, probe.path);
}

std::optional<double> OptionalMillis(const std::optional<std::int64_t>& microseconds) {
  return microseconds ? std::optional<double>(Millis(*microseconds)) : std::nullopt;
}

CheckReport CheckCaseReport(const CheckCase& check, const model::Probe& probe) {
  CheckReport report;
  report.id = check.plan->id;
  report.kind = protocol::Name(check.plan->kind);
  report.target = TargetOf(*check.plan, probe);
  for (const JudgedAttempt& judged : check.attempts) {
    const protocol::CheckAttempt& tried = *judged.attempt;
    Attempt attempt;
    attempt.source_port = tried.source_port;
    attempt.source_address = tried.source_address;
    attempt.stage = judged.stage;
    attempt.outcome = judged.failed && tried.error.empty() ? "failure" : tried.result;
    attempt.detail = WordsOf(tried);
    if (judged.late || judged.closed_late) {
      const bool right = tried.result == "success" || tried.result == "warning";
      attempt.detail = fmt::format("{}, after {}; kubelet waits {} s",
                                   !right       ? attempt.detail
                                   : tried.exec ? "success"
                                                : "the right answer",
                                   Duration(judged.duration_us),
                                   probe.timeout_s);
    }
    attempt.connect_ms = OptionalMillis(tried.connect_us);
    attempt.first_byte_ms = OptionalMillis(tried.first_byte_us);
    attempt.total_ms = Millis(judged.duration_us);
    if (tried.exec) {
      attempt.start_ms = OptionalMillis(tried.exec->started_us);
      attempt.exit_code =
          tried.exec->exited_us ? std::optional(tried.exec->exit_code) : std::nullopt;
    }
    ++(judged.failed ? report.failed : report.passed);
    report.attempts.push_back(std::move(attempt));
  }
  return report;
}

/// Of a probe whose port kubelet can't tell: what it gets each time, without a connection.
CheckReport UnmakeableReport(const ProbeCase& probe_case) {
  const model::Probe& probe = *probe_case.probe;
  CheckReport report;
  report.id = fmt::format("{}/{}", probe.container, model::Name(probe.type));
  report.kind = model::Name(probe.kind);
  report.target = fmt::format("{}, port {}", probe.address, probe.port_name);
  report.failed = 1;
  Attempt attempt;
  attempt.outcome = "unknown";
  attempt.detail = probe_case.port_error;
  attempt.stage = Stage::kNothingSent;
  report.attempts.push_back(std::move(attempt));
  return report;
}

void Join(std::string& names, const std::string& name) {
  if (("," + names + ",").find("," + name + ",") == std::string::npos) {
    names += (names.empty() ? "" : ",") + name;
  }
}

/// "pod web-1 on node node-b", as far as it is known.
std::string Describe(const model::ServiceTarget& service, const model::ServiceWay& way) {
  if (way.kind != model::WayKind::kEndpoint) {
    return "";
  }
  for (const model::ServiceEndpoint& endpoint : service.endpoints) {
    if (endpoint.address == way.address && endpoint.port == way.port) {
      std::string where = endpoint.pod.empty() ? "" : "pod " + endpoint.pod;
      if (!endpoint.node.empty()) {
        where += where.empty() ? "" : " ";
        where += "on node " + endpoint.node;
      }
      return where;
    }
  }
  return "";
}

void AddServices(const Digest& digest, std::vector<CheckReport>& reports) {
  for (const ServiceCase& tried : digest.services) {
    for (const Batch* batch : tried.batches) {
      CheckReport report = BatchReport(digest, *batch);
      report.way = model::Name(tried.way->kind);
      report.note = Describe(*digest.evidence->service_target, *tried.way);
      reports.push_back(std::move(report));
    }
  }
}

}  // namespace

std::vector<CheckReport> CheckReports(const Digest& digest) {
  std::vector<CheckReport> reports;
  std::map<std::string, std::size_t> positions;
  const auto add = [&](const ProbeCase& probe, const std::string& id, auto make) {
    const auto [it, inserted] = positions.emplace(id, reports.size());
    if (inserted) {
      reports.push_back(make());
    }
    Join(reports[it->second].container, probe.probe->container);
    Join(reports[it->second].probe, model::Name(probe.probe->type));
  };
  for (const ProbeCase& probe : digest.probes) {
    if (!probe.port_error.empty()) {
      CheckReport report = UnmakeableReport(probe);
      const std::string id = report.id;
      add(probe, id, [&] { return std::move(report); });
    }
    for (const CheckCase* check : probe.checks) {
      add(probe, check->plan->id, [&] { return CheckCaseReport(*check, *probe.probe); });
    }
    for (const Batch* batch : probe.batches) {
      add(probe, batch->plan->id, [&] { return BatchReport(digest, *batch); });
    }
  }
  AddServices(digest, reports);
  return reports;
}

}  // namespace netcheck::diagnosis
