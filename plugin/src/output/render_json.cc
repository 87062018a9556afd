#include <ostream>

#include "diagnosis/stage.h"
#include "output/render.h"
#include "protocol/json.h"

namespace netcheck::output {
namespace {

using Json = nlohmann::ordered_json;

/// Rises when a field changes its meaning or goes; new fields don't raise it.
constexpr int kSchemaVersion = 1;

Json EndpointsJson(const model::ServiceTarget& service) {
  Json list = Json::array();
  for (const model::ServiceEndpoint& endpoint : service.endpoints) {
    list.push_back(Json{{"address", endpoint.address},
                        {"port", endpoint.port},
                        {"portName", endpoint.port_name},
                        {"node", endpoint.node},
                        {"pod", endpoint.pod},
                        {"ready", endpoint.ready}});
  }
  return list;
}

Json ServiceJson(const model::ServiceTarget& service, const model::Node& node) {
  return Json{{"namespace", service.namespace_name},
              {"service", service.name},
              {"type", service.type},
              {"clusterIPs", service.cluster_ips},
              {"internalTrafficPolicy", service.internal_traffic_policy},
              {"externalTrafficPolicy", service.external_traffic_policy},
              {"sessionAffinity", service.session_affinity},
              {"endpoints", EndpointsJson(service)},
              {"node", node.name},
              {"kubeletVersion", node.kubelet_version},
              {"kernelVersion", node.kernel_version}};
}

Json TargetJson(const model::Evidence& evidence) {
  if (evidence.service_target) {
    return ServiceJson(*evidence.service_target, evidence.node);
  }
  return Json{{"namespace", evidence.pod.namespace_name},
              {"pod", evidence.pod.name},
              {"uid", evidence.pod.uid},
              {"node", evidence.pod.node},
              {"podIPs", evidence.pod.ips},
              {"hostNetwork", evidence.pod.host_network},
              {"kubeletVersion", evidence.node.kubelet_version},
              {"kernelVersion", evidence.node.kernel_version}};
}

Json FindingsJson(const std::vector<diagnosis::Finding>& findings) {
  Json list = Json::array();
  for (const diagnosis::Finding& finding : findings) {
    list.push_back(Json{{"code", finding.code},
                        {"certainty", diagnosis::Name(finding.certainty)},
                        {"title", finding.title},
                        {"subject", finding.subject},
                        {"evidence", finding.evidence},
                        {"fix", finding.fix},
                        {"explains", finding.claims.size()}});
  }
  return list;
}

Json AttemptJson(const diagnosis::Attempt& attempt) {
  Json durations = Json::object();
  const auto add = [&](const char* name, const std::optional<double>& millis) {
    if (millis) {
      durations[name] = *millis;
    }
  };
  add("connectMs", attempt.connect_ms);
  add("firstByteMs", attempt.first_byte_ms);
  add("totalMs", attempt.total_ms);
  add("startMs", attempt.start_ms);
  Json json{{"sourceAddress", attempt.source_address},
            {"sourcePort", attempt.source_port},
            {"outcome", attempt.outcome},
            {"stage", diagnosis::Letter(attempt.stage)},
            {"durations", std::move(durations)}};
  if (attempt.exit_code) {
    json["exitCode"] = *attempt.exit_code;
  }
  if (!attempt.detail.empty()) {
    json["detail"] = attempt.detail;
  }
  return json;
}

Json ChecksJson(const std::vector<diagnosis::CheckReport>& checks) {
  Json list = Json::array();
  for (const diagnosis::CheckReport& check : checks) {
    Json attempts = Json::array();
    for (const diagnosis::Attempt& attempt : check.attempts) {
      attempts.push_back(AttemptJson(attempt));
    }
    Json json = check.way.empty() ? Json{{"container", check.container}, {"probe", check.probe}}
                                  : Json{{"way", check.way}, {"note", check.note}};
    json.update(Json{{"kind", check.kind},
                     {"ports", check.ports},
                     {"target", check.target},
                     {"passed", check.passed},
                     {"failed", check.failed},
                     {"notTried", check.not_tried},
                     {"attempts", std::move(attempts)}});
    list.push_back(std::move(json));
  }
  return list;
}

Json ForecastsJson(const std::vector<diagnosis::Forecast>& forecasts) {
  Json list = Json::array();
  for (const diagnosis::Forecast& forecast : forecasts) {
    Json json{{"container", forecast.container},
              {"probe", forecast.probe},
              {"attempts", forecast.attempts},
              {"failed", forecast.failed},
              {"errored", forecast.errored},
              {"text", forecast.text}};
    if (forecast.after_s_low && forecast.after_s_high) {
      json["afterSeconds"] = Json{{"low", *forecast.after_s_low}, {"high", *forecast.after_s_high}};
    }
    list.push_back(std::move(json));
  }
  return list;
}

Json UndeterminedJson(const std::vector<diagnosis::Unexplained>& entries) {
  Json list = Json::array();
  for (const diagnosis::Unexplained& entry : entries) {
    list.push_back(Json{{"subject", entry.subject},
                        {"stage", diagnosis::Letter(entry.stage)},
                        {"attempts", entry.attempts},
                        {"observations", entry.observations},
                        {"excluded", entry.excluded}});
  }
  return list;
}

Json NotSeenJson(const std::vector<model::NotSeen>& entries) {
  Json list = Json::array();
  for (const model::NotSeen& entry : entries) {
    list.push_back(Json{{"what", entry.what}, {"why", entry.why}, {"cost", entry.cost}});
  }
  return list;
}

Json KubeletJson(const std::vector<diagnosis::KubeletFailure>& failures) {
  Json list = Json::array();
  for (const diagnosis::KubeletFailure& failure : failures) {
    list.push_back(Json{{"container", failure.container},
                        {"probe", failure.probe},
                        {"message", failure.message},
                        {"count", failure.count},
                        {"firstSeen", failure.first_seen},
                        {"lastSeen", failure.last_seen},
                        {"stage", diagnosis::Letter(failure.stage)},
                        {"attempts", failure.attempts},
                        {"same", failure.same}});
  }
  return list;
}

Json EventsJson(const std::vector<model::ProbeEvent>& events) {
  Json list = Json::array();
  for (const model::ProbeEvent& event : events) {
    list.push_back(Json{{"reason", event.reason},
                        {"container", event.container},
                        {"message", event.message},
                        {"count", event.count},
                        {"lastSeen", event.last_seen}});
  }
  return list;
}

}  // namespace

void RenderJson(const diagnosis::Report& report,
                const model::Evidence& evidence,
                std::ostream& out) {
  const Json json{{"schemaVersion", kSchemaVersion},
                  {"target", TargetJson(evidence)},
                  {"verdict", diagnosis::Name(report.verdict)},
                  {"summary", report.summary},
                  {"findings", FindingsJson(report.findings)},
                  {"risks", FindingsJson(report.risks)},
                  {"undetermined", UndeterminedJson(report.unexplained)},
                  {"checks", ChecksJson(report.checks)},
                  {"kubeletFailures", KubeletJson(report.kubelet)},
                  {"forecasts", ForecastsJson(report.forecasts)},
                  {"kubeletEvents", EventsJson(evidence.events)},
                  {"notSeen", NotSeenJson(report.not_seen)}};
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace netcheck::output
