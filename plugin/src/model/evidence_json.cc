#include <string>

#include "model/evidence.h"
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

Json ToJson(const Evidence& evidence) {
  return Json{{"version", evidence.version},
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
              {"not_seen", evidence.not_seen}};
}

namespace {

template <typename T>
void Read(const Json& json, const char* key, T& value) {
  if (const auto it = json.find(key); it != json.end()) {
    it->get_to(value);
  }
}

}  // namespace

protocol::Result<Evidence> EvidenceFromJson(const Json& json) {
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
    Read(json, "node_ports", evidence.node_ports);
    Read(json, "services", evidence.services);
    Read(json, "events", evidence.events);
    Read(json, "neighbours", evidence.neighbours);
    Read(json, "not_seen", evidence.not_seen);
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
    return protocol::Error{std::string("evidence: ") + e.what()};
  }
  return evidence;
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

}  // namespace netcheck::model
