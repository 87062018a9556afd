#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/json_fwd.h"
#include "protocol/result.h"

// What the probe is asked to do. The prose spec is PROTOCOL.md.
namespace netcheck::protocol {

/// A container of the target pod as the API server names it.
struct TargetContainer {
  std::string name;
  std::string
      id;  ///< `status.containerStatuses[].containerID`, "containerd://<64 hex>"; "" if none.
};

/// The pod whose network namespace is to be found on this node. With `host_network` and neither a
/// UID nor containers it is the node itself: nothing is searched for, and there is one namespace.
struct Target {
  /// The UID in cgroup paths: `metadata.uid`, or the `kubernetes.io/config.hash` of a static pod.
  std::string pod_uid;
  std::vector<TargetContainer> containers;
  std::vector<std::string> pod_ips;
  bool host_network = false;
  /// When not 0: the pod's network namespace is this process's, nothing is searched for.
  std::int64_t pid = 0;
};

/// Whether the target is the node itself.
bool IsNode(const Target& target);

/// Which source ports a batch of handshakes uses.
enum class PortPlanKind {
  kUnknown,
  kKubelet,   ///< No bind: the kernel chooses, as it does for kubelet. `count` handshakes.
  kSpread,    ///< `count` ports spread over ip_local_port_range.
  kSuspects,  ///< Of `ports` (NodePorts) and the node's IPVS service ports those inside
              ///< ip_local_port_range, each with its neighbours as controls. At most `count`.
  kSweep,     ///< Every port of ip_local_port_range.
  kList,      ///< Exactly `ports`.
};

const char* Name(PortPlanKind kind);  ///< As in the plan's JSON: "kubelet", "spread" ...

struct PortPlan {
  PortPlanKind kind = PortPlanKind::kUnknown;
  int count = 0;
  std::vector<int> ports;
};

/// TCP handshakes with one address and port.
struct HandshakeBatch {
  std::string id;
  std::string address;  ///< IPv4 or IPv6, textual, no brackets.
  int port = 0;
  PortPlan ports;
  int timeout_ms = 1000;  ///< Of each handshake, from connect().
  /// When so many first attempts all got no answer, the others are not made: they would take long
  /// and tell nothing new. 0: all are made.
  int give_up_after = 0;
};

enum class CheckKind { kUnknown, kHttp, kTcp, kGrpc, kExec };

const char* Name(CheckKind kind);  ///< As in the plan's JSON: "http", "tcp" ...

struct Header {
  std::string name;
  std::string value;
};

/// v1.HTTPGetAction, resolved.
struct HttpRequest {
  std::string scheme = "HTTP";  ///< "HTTP" or "HTTPS".
  std::string path = "/";       ///< As in the pod's spec, not yet parsed.
  std::string host;             ///< `httpGet.host`, or "" for the pod's IP.
  std::vector<Header> headers;
  std::string user_agent;  ///< "kube-probe/1.34"; used unless `headers` has one.
};

/// v1.GRPCAction, resolved.
struct GrpcRequest {
  std::string service;     ///< Of grpc.health.v1.HealthCheckRequest; "": the server as a whole.
  std::string user_agent;  ///< "kube-probe/1.34"
};

/// v1.ExecAction, resolved.
struct ExecRequest {
  std::string container;             ///< One of the target's.
  std::vector<std::string> command;  ///< After kubelet's expansion of $(VAR).
};

/// A health check as kubelet makes it.
struct Check {
  std::string id;
  CheckKind kind = CheckKind::kUnknown;
  std::string address;  ///< Address or name to connect to.
  int port = 0;
  /// 0: the kernel chooses, as for kubelet. Otherwise of the first connection, which is then ended
  /// with a reset, so that the port can be used again at once.
  int source_port = 0;
  HttpRequest http;  ///< When kind is kHttp.
  GrpcRequest grpc;  ///< When kind is kGrpc.
  ExecRequest exec;  ///< When kind is kExec; address and port are not used then.
  /// kubelet's limit for one attempt (`timeoutSeconds`).
  int timeout_ms = 1000;
  /// How long an attempt is really waited for, so that the latency beyond kubelet's limit is
  /// measured. Equal to timeout_ms: exactly kubelet's behaviour. Connecting alone gets at most 3 s,
  /// or timeout_ms if that is longer: by then a SYN was sent three times, and is lost.
  int patience_ms = 1000;
  int attempts = 1;
  /// Pause between the end of an attempt and the next one.
  int interval_ms = 0;
  /// No further attempt starts after the check has used this much time.
  int budget_ms = 5000;
};

/// Bounds that hold whatever else is asked for.
struct Limits {
  int connections_per_second = 200;
  int max_in_flight = 10;
  /// Share of the free conntrack entries of the node that the probe's connections may hold.
  int conntrack_percent = 5;
  /// The probe ends after this, finished or not.
  int deadline_ms = 60000;
};

struct Plan {
  int protocol_version = 0;
  std::string id;          ///< Returned in the hello fact.
  std::uint64_t seed = 0;  ///< Every random choice of the probe derives from it.
  Target target;
  Limits limits;
  std::vector<HandshakeBatch> batches;
  std::vector<Check> checks;
  /// Idle time in which counters are watched before the first packet is sent; 0: none.
  int idle_window_ms = 1000;
};

Json ToJson(const Plan& plan);
/// Fails on a value of the wrong type or outside its domain (an unknown kind, a port above 65535,
/// a negative count, a plan newer than kProtocolVersion).
Result<Plan> PlanFromJson(const Json& json);

/// The plan as the one argument of the probe: base64, because Kubernetes expands `$(VAR)` in
/// plain ones.
std::string EncodePlanArgument(const Plan& plan);
Result<Plan> DecodePlanArgument(const std::string& argument);

}  // namespace netcheck::protocol
