#pragma once

#include <map>
#include <string>
#include <vector>

#include "protocol/json.h"
#include "protocol/plan.h"
#include "protocol/report.h"

// Everything a diagnosis is made from: what the API server knows and what the probe saw. Live,
// saved and synthetic evidence are this same type. Its fields are a whitelist: header values and
// environments of the user's pods are redacted before they get here.
namespace netcheck::model {

using protocol::Json;

/// Version of the JSON form of Evidence.
inline constexpr int kEvidenceVersion = 1;

struct ContainerPort {
  std::string name;
  int port = 0;
  std::string protocol = "TCP";
};

/// A regular container or a sidecar (an init container with restartPolicy Always).
struct Container {
  std::string name;
  std::string id;  ///< "containerd://..."; "" when it never started.
  bool sidecar = false;
  std::vector<ContainerPort> ports;
  std::string state;         ///< "running", "waiting", "terminated", "" unknown.
  std::string state_reason;  ///< "CrashLoopBackOff" ...
  bool ready = false;
  bool started = false;
  int restart_count = 0;
  std::string started_at;        ///< RFC 3339, of the running state.
  bool never_restarted = false;  ///< restartPolicy Never: what kubelet kills stays dead.
};

struct Pod {
  std::string namespace_name;
  std::string name;
  std::string uid;
  std::string cgroup_uid;  ///< uid, or the config.hash of a static pod.
  std::string node;
  std::string phase;
  std::vector<std::string> ips;  ///< The first is the one kubelet probes.
  bool host_network = false;
  bool terminating = false;
  std::vector<Container> containers;
};

struct Node {
  std::string name;
  bool ready = false;
  std::string os;  ///< `status.nodeInfo.operatingSystem`
  std::string kubelet_version;
  std::string kernel_version;
  std::string os_image;
  std::string container_runtime_version;
  std::vector<std::string> addresses;
};

enum class ProbeType { kUnknown, kLiveness, kReadiness, kStartup };
/// kPort: no probe is defined, a declared containerPort is checked instead.
enum class ProbeKind { kUnknown, kHttp, kTcp, kGrpc, kExec, kPort };

/// A v1.Probe of one container with the API server's defaults.
struct Probe {
  std::string container;
  ProbeType type = ProbeType::kUnknown;
  ProbeKind kind = ProbeKind::kUnknown;
  std::string address;    ///< What kubelet connects to: `host`, or the pod's first IP.
  std::string port_name;  ///< As written in the spec: "8080" or "http".
  int port = 0;           ///< 0: a name that no port of the container has.
  std::string scheme;     ///< "HTTP" or "HTTPS" when kind is kHttp.
  std::string path;       ///< When kind is kHttp.
  std::vector<std::string> header_names;
  /// Headers that carry credentials and were therefore not sent by the check.
  std::vector<std::string> withheld_headers;
  std::string grpc_service;
  std::vector<std::string> command;  ///< Of exec, after kubelet's expansion of $(VAR).
  int initial_delay_s = 0;
  int timeout_s = 1;
  int period_s = 10;
  int success_threshold = 1;
  int failure_threshold = 3;
  /// Ids in the plan of what was done for this probe; none: it was not checked.
  std::vector<std::string> batch_ids;
  std::vector<std::string> check_ids;
};

struct NodePort {
  std::string service;  ///< "namespace/name"
  std::string protocol;
  int port = 0;
};

/// A Service that selects the target pod.
struct Service {
  std::string name;
  std::vector<std::string> cluster_ips;
  std::vector<ContainerPort> ports;  ///< Service ports.
  bool pod_is_ready_endpoint = false;
};

/// An event of the target pod that kubelet wrote about its probes.
struct ProbeEvent {
  std::string reason;     ///< "Unhealthy", "ProbeWarning", "Killing"
  std::string container;  ///< From involvedObject.fieldPath.
  std::string message;
  int count = 1;
  std::string first_seen;  ///< RFC 3339
  std::string last_seen;
};

/// A pod on the target's node, the target among them: what names the holder of an address or the
/// owner of a network namespace.
struct Neighbour {
  std::string namespace_name;
  std::string name;
  std::string uid;
  std::string cgroup_uid;  ///< As in Pod.
  std::vector<std::string> ips;
  bool host_network = false;
  std::string owner_kind;  ///< Of its controller: "ReplicaSet", "DaemonSet" ...; "": it has none.
  std::string owner_name;
};

/// What could not be read, and what the report lacks for it.
struct NotSeen {
  std::string what;  ///< "services in all namespaces"
  std::string why;   ///< "forbidden: needs list on services"
  std::string cost;  ///< "NodePorts were not tried as source ports"
};

struct Evidence {
  int version = kEvidenceVersion;
  std::string netcheck_version;
  std::string collected_at;    ///< RFC 3339, UTC
  std::string server_version;  ///< "v1.34.4"; "" unknown.
  Pod pod;                     ///< Before the probe ran.
  Pod pod_after;               ///< After it; same as `pod` when it could not be read again.
  Node node;
  std::vector<Probe> probes;
  std::vector<NodePort> node_ports;
  std::vector<Service> services;
  std::vector<ProbeEvent> events;
  /// Listed only where the probe looked into who fills the node's conntrack table.
  std::vector<Neighbour> neighbours;
  protocol::Plan plan;
  protocol::ProbeReport report;
  std::vector<NotSeen> not_seen;
};

Json ToJson(const Evidence& evidence);
/// Fails on values of the wrong type and on a version newer than kEvidenceVersion.
protocol::Result<Evidence> EvidenceFromJson(const Json& json);

const char* Name(ProbeType type);  ///< "liveness" ...
const char* Name(ProbeKind kind);  ///< "http" ...

}  // namespace netcheck::model
