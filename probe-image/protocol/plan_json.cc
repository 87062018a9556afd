#include <string>

#include "protocol/base64.h"
#include "protocol/fraction_range.h"
#include "protocol/json.h"
#include "protocol/plan.h"
#include "protocol/version.h"

namespace netcheck::protocol {

NLOHMANN_JSON_SERIALIZE_ENUM(PortPlanKind,
                             {{PortPlanKind::kUnknown, nullptr},
                              {PortPlanKind::kKubelet, "kubelet"},
                              {PortPlanKind::kSpread, "spread"},
                              {PortPlanKind::kSuspects, "suspects"},
                              {PortPlanKind::kSweep, "sweep"},
                              {PortPlanKind::kList, "list"}})
NLOHMANN_JSON_SERIALIZE_ENUM(CheckKind,
                             {{CheckKind::kUnknown, nullptr},
                              {CheckKind::kHttp, "http"},
                              {CheckKind::kTcp, "tcp"},
                              {CheckKind::kGrpc, "grpc"},
                              {CheckKind::kExec, "exec"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TargetContainer, name, id)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    Target, pod_uid, containers, pod_ips, host_network, pid)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(PortPlan, kind, count, ports)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    HandshakeBatch, id, address, port, ports, timeout_ms, give_up_after)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Header, name, value)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    HttpRequest, scheme, path, host, headers, user_agent)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(GrpcRequest, service, user_agent)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ExecRequest, container, command)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Check,
                                                id,
                                                kind,
                                                address,
                                                port,
                                                source_port,
                                                http,
                                                grpc,
                                                exec,
                                                timeout_ms,
                                                patience_ms,
                                                attempts,
                                                interval_ms,
                                                budget_ms)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    Limits, connections_per_second, max_in_flight, conntrack_percent, deadline_ms)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    Plan, protocol_version, id, seed, target, limits, batches, checks, idle_window_ms)

namespace {

constexpr int kMaxPort = 65535;

bool IsPort(int port) {
  return port >= 1 && port <= kMaxPort;
}

/// What is wrong with the plan, or "".
std::string Fault(const HandshakeBatch& batch) {
  if (batch.ports.kind == PortPlanKind::kUnknown) {
    return "unknown port plan";
  }
  if (!IsPort(batch.port)) {
    return "port outside 1..65535";
  }
  for (const int port : batch.ports.ports) {
    if (!IsPort(port)) {
      return "source port outside 1..65535";
    }
  }
  if (batch.ports.count < 0 || batch.timeout_ms <= 0 || batch.give_up_after < 0) {
    return "negative count or timeout";
  }
  return "";
}

std::string Fault(const Check& check) {
  if (check.kind == CheckKind::kUnknown) {
    return "unknown kind";
  }
  if (check.kind == CheckKind::kExec) {
    if (check.exec.command.empty()) {
      return "no command";
    }
  } else if (!IsPort(check.port) || (check.source_port != 0 && !IsPort(check.source_port))) {
    return "port outside 1..65535";
  }
  if (check.timeout_ms <= 0 || check.patience_ms < check.timeout_ms || check.attempts < 0 ||
      check.interval_ms < 0 || check.budget_ms < 0) {
    return "negative or contradictory times";
  }
  return "";
}

std::string Fault(const Plan& plan) {
  if (plan.protocol_version < 1 || plan.protocol_version > kProtocolVersion) {
    return "protocol version " + std::to_string(plan.protocol_version) +
           " is not understood by this probe, which speaks up to " +
           std::to_string(kProtocolVersion);
  }
  const Limits& limits = plan.limits;
  if (limits.connections_per_second <= 0 || limits.max_in_flight <= 0 || limits.deadline_ms <= 0 ||
      limits.conntrack_percent <= 0 || limits.conntrack_percent > 100 || plan.idle_window_ms < 0) {
    return "limits outside their domain";
  }
  for (const HandshakeBatch& batch : plan.batches) {
    if (const std::string fault = Fault(batch); !fault.empty()) {
      return "batch " + batch.id + ": " + fault;
    }
  }
  for (const Check& check : plan.checks) {
    if (const std::string fault = Fault(check); !fault.empty()) {
      return "check " + check.id + ": " + fault;
    }
  }
  return "";
}

}  // namespace

const char* Name(PortPlanKind kind) {
  switch (kind) {
    case PortPlanKind::kKubelet:
      return "kubelet";
    case PortPlanKind::kSpread:
      return "spread";
    case PortPlanKind::kSuspects:
      return "suspects";
    case PortPlanKind::kSweep:
      return "sweep";
    case PortPlanKind::kList:
      return "list";
    case PortPlanKind::kUnknown:
      break;
  }
  return "unknown";
}

bool IsNode(const Target& target) {
  return target.host_network && target.pid == 0 && target.pod_uid.empty() &&
         target.containers.empty();
}

const char* Name(CheckKind kind) {
  switch (kind) {
    case CheckKind::kHttp:
      return "http";
    case CheckKind::kTcp:
      return "tcp";
    case CheckKind::kGrpc:
      return "grpc";
    case CheckKind::kExec:
      return "exec";
    case CheckKind::kUnknown:
      break;
  }
  return "unknown";
}

Json ToJson(const Plan& plan) {
  return Json(plan);
}

Result<Plan> PlanFromJson(const Json& json) {
  if (HasFractionOutOfRange(json)) {
    return Error{"plan: a fraction that is out of range"};
  }
  try {
    auto plan = json.get<Plan>();
    if (const std::string fault = Fault(plan); !fault.empty()) {
      return Error{"plan: " + fault};
    }
    return plan;
  } catch (const Json::exception& e) {
    return Error{std::string("plan: ") + e.what()};
  }
}

std::string EncodePlanArgument(const Plan& plan) {
  return Base64Encode(ToJson(plan).dump());
}

Result<Plan> DecodePlanArgument(const std::string& argument) {
  const auto text = Base64Decode(argument);
  if (!text) {
    return Error{"plan: not base64"};
  }
  const Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return Error{"plan: not JSON"};
  }
  return PlanFromJson(json);
}

}  // namespace netcheck::protocol
