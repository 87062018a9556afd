#include <algorithm>
#include <string>

#include "model/evidence.h"
#include "protocol/json.h"
#include "protocol/version.h"

namespace netcheck::model {

NLOHMANN_JSON_SERIALIZE_ENUM(ProbeType,
                             {{ProbeType::kUnknown, nullptr},
                              {ProbeType::kLiveness, "liveness"},
                              {ProbeType::kReadiness, "readiness"},
                              {ProbeType::kStartup, "startup"}})
NLOHMANN_JSON_SERIALIZE_ENUM(ProbeKind,
                             {{ProbeKind::kUnknown, nullptr},
                              {ProbeKind::kHttp, "http"},
                              {ProbeKind::kTcp, "tcp"},
                              {ProbeKind::kGrpc, "grpc"},
                              {ProbeKind::kExec, "exec"},
                              {ProbeKind::kPort, "port"}})
NLOHMANN_JSON_SERIALIZE_ENUM(WayKind,
                             {{WayKind::kUnknown, nullptr},
                              {WayKind::kClusterIp, "cluster-ip"},
                              {WayKind::kNodePort, "node-port"},
                              {WayKind::kEndpoint, "endpoint"}})

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ContainerPort, name, port, protocol)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Container,
                                                name,
                                                id,
                                                sidecar,
                                                ports,
                                                state,
                                                state_reason,
                                                ready,
                                                started,
                                                restart_count,
                                                started_at,
                                                never_restarted)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Pod,
                                                namespace_name,
                                                name,
                                                uid,
                                                cgroup_uid,
                                                node,
                                                phase,
                                                ips,
                                                host_network,
                                                terminating,
                                                containers)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Node,
                                                name,
                                                ready,
                                                os,
                                                kubelet_version,
                                                kernel_version,
                                                os_image,
                                                container_runtime_version,
                                                addresses)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Probe,
                                                container,
                                                type,
                                                kind,
                                                address,
                                                port_name,
                                                port,
                                                scheme,
                                                path,
                                                header_names,
                                                withheld_headers,
                                                grpc_service,
                                                command,
                                                initial_delay_s,
                                                timeout_s,
                                                period_s,
                                                success_threshold,
                                                failure_threshold,
                                                batch_ids,
                                                check_ids)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(NodePort, service, protocol, port)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    Service, name, cluster_ips, ports, pod_is_ready_endpoint)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    ProbeEvent, reason, container, message, count, first_seen, last_seen)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    Neighbour, namespace_name, name, uid, cgroup_uid, ips, host_network, owner_kind, owner_name)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(NotSeen, what, why, cost)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ServicePort, name, port, protocol, node_port)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    ServiceEndpoint, address, port, port_name, node, pod, ready)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    ServiceWay, kind, address, port, service_ports, batch_ids)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ServiceTarget,
                                                namespace_name,
                                                name,
                                                type,
                                                has_selector,
                                                cluster_ips,
                                                ports,
                                                internal_traffic_policy,
                                                external_traffic_policy,
                                                session_affinity,
                                                endpoints_known,
                                                endpoints,
                                                endpoints_after,
                                                ways)

Json ToJson(const Evidence& evidence) {
  Json json{{"version", evidence.version},
            {"netcheck_version", evidence.netcheck_version},
            {"collected_at", evidence.collected_at},
            {"server_version", evidence.server_version},
            {"pod", evidence.pod},
            {"pod_after", evidence.pod_after},
            {"node", evidence.node},
            {"probes", evidence.probes},
            {"node_ports", evidence.node_ports},
            {"services", evidence.services},
            {"events", evidence.events},
            {"neighbours", evidence.neighbours},
            {"plan", protocol::ToJson(evidence.plan)},
            {"report", protocol::ToJson(evidence.report)},
            {"not_seen", evidence.not_seen},
            {"problem", evidence.problem}};
  if (evidence.service_target) {
    json["service_target"] = *evidence.service_target;
  }
  return json;
}

namespace {

template <typename T>
void Read(const Json& json, const char* key, T& value) {
  if (const auto it = json.find(key); it != json.end()) {
    it->get_to(value);
  }
}

/// As the API server makes sure of it; what forecasts rely on.
bool HasValidTimes(const Probe& probe) {
  return probe.initial_delay_s >= 0 && probe.timeout_s > 0 && probe.period_s > 0 &&
         probe.success_threshold > 0 && probe.failure_threshold > 0;
}

/// What the library says of it, without its prefix "[json.exception.type_error.302] ".
protocol::Error WrongValue(const Json::exception& error) {
  const std::string words = error.what();
  const std::size_t prefix = words.find("] ");
  return {"a value that netcheck didn't save so: " +
          (prefix == std::string::npos ? words : words.substr(prefix + 2))};
}

}  // namespace

protocol::Result<Evidence> EvidenceFromJson(const Json& json) {
  if (!json.is_object() || !json.contains("version") || !json.contains("plan") ||
      !json.contains("report")) {
    return protocol::Error{"this is no evidence that netcheck saved"};
  }
  Evidence evidence;
  try {
    evidence.version = json.at("version").get<int>();
    if (evidence.version > kEvidenceVersion) {
      return protocol::Error{"evidence of version " + std::to_string(evidence.version) +
                             " was saved by a newer netcheck than this one"};
    }
    Read(json, "netcheck_version", evidence.netcheck_version);
    Read(json, "collected_at", evidence.collected_at);
    Read(json, "server_version", evidence.server_version);
    Read(json, "pod", evidence.pod);
    Read(json, "pod_after", evidence.pod_after);
    Read(json, "node", evidence.node);
    Read(json, "probes", evidence.probes);
    if (!std::all_of(evidence.probes.begin(), evidence.probes.end(), HasValidTimes)) {
      return protocol::Error{"a probe with a time or threshold that no probe can have"};
    }
    Read(json, "node_ports", evidence.node_ports);
    Read(json, "services", evidence.services);
    Read(json, "events", evidence.events);
    Read(json, "neighbours", evidence.neighbours);
    Read(json, "not_seen", evidence.not_seen);
    if (json.contains("service_target")) {
      Read(json, "service_target", evidence.service_target.emplace());
    }
    Read(json, "problem", evidence.problem);
    auto plan = protocol::PlanFromJson(json.at("plan"));
    if (!plan) {
      return plan.error();
    }
    evidence.plan = *std::move(plan);
    auto report = protocol::ReportFromJson(json.at("report"));
    if (!report) {
      return report.error();
    }
    evidence.report = *std::move(report);
  } catch (const Json::exception& e) {
    return WrongValue(e);
  }
  return evidence;
}

std::string Encode(const Evidence& evidence) {
  return ToJson(evidence).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

protocol::Result<Evidence> Decode(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) {
    return protocol::Error{"this is no JSON, or not all of it"};
  }
  return EvidenceFromJson(json);
}

const char* Name(ProbeType type) {
  switch (type) {
    case ProbeType::kLiveness:
      return "liveness";
    case ProbeType::kReadiness:
      return "readiness";
    case ProbeType::kStartup:
      return "startup";
    case ProbeType::kUnknown:
      break;
  }
  return "none";
}

const char* Name(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kHttp:
      return "http";
    case ProbeKind::kTcp:
      return "tcp";
    case ProbeKind::kGrpc:
      return "grpc";
    case ProbeKind::kExec:
      return "exec";
    case ProbeKind::kPort:
      return "port";
    case ProbeKind::kUnknown:
      break;
  }
  return "unknown";
}

const char* Name(WayKind kind) {
  switch (kind) {
    case WayKind::kClusterIp:
      return "cluster IP";
    case WayKind::kNodePort:
      return "NodePort";
    case WayKind::kEndpoint:
      return "endpoint";
    case WayKind::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace netcheck::model
