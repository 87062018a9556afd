#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json_fwd.h"
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
  std::vector<std::string> command;  ///< Of exec, as written, what seems to be a credential masked.
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

struct ServicePort {
  std::string name;
  int port = 0;
  std::string protocol = "TCP";
  int node_port = 0;  ///< 0: none.
};

/// An address and port behind a Service (discovery.k8s.io/v1 EndpointSlice).
struct ServiceEndpoint {
  std::string address;
  int port = 0;
  std::string port_name;  ///< Of the Service's port that it is behind.
  std::string node;       ///< "" unknown.
  std::string pod;        ///< "" when it is no pod.
  bool ready = false;
};

/// Something that leads to a Service, or to one of its endpoints.
enum class WayKind { kUnknown, kClusterIp, kNodePort, kEndpoint };

/// An address and port that was connected to for the Service's sake.
struct ServiceWay {
  WayKind kind = WayKind::kUnknown;
  std::string address;
  int port = 0;
  std::vector<int> service_ports;  ///< Ports of the Service that it leads to or is behind.
  std::vector<std::string> batch_ids;
};

/// The Service that was looked at (`kubectl netcheck service`), without a pod.
struct ServiceTarget {
  std::string namespace_name;
  std::string name;
  std::string type;  ///< "ClusterIP", "NodePort", "LoadBalancer"
  bool has_selector = false;
  std::vector<std::string> cluster_ips;  ///< None of a headless Service.
  std::vector<ServicePort> ports;        ///< Those looked at, TCP only.
  std::string internal_traffic_policy;   ///< "Cluster" or "Local"
  std::string external_traffic_policy;
  std::string session_affinity;  ///< "None" or "ClientIP"
  bool endpoints_known = false;  ///< The EndpointSlices could be read.
  std::vector<ServiceEndpoint> endpoints;
  std::vector<ServiceEndpoint> endpoints_after;  ///< After the probe ran.
  std::vector<ServiceWay> ways;
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
  Pod pod;        ///< Before the probe ran; without a name when a Service is the target.
  Pod pod_after;  ///< After it; same as `pod` when it could not be read again.
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
  std::optional<ServiceTarget> service_target;  ///< The target, if it is no pod.
  std::string problem;  ///< Why the run did not end as planned, one sentence; "": it did.
};

Json ToJson(const Evidence& evidence);
/// Fails on values of the wrong type and on a version newer than kEvidenceVersion.
protocol::Result<Evidence> EvidenceFromJson(const Json& json);

/// Evidence as a saved file holds it: the JSON form in one line, the bytes that are no UTF-8
/// replaced by U+FFFD.
std::string Encode(const Evidence& evidence);
/// Fails as EvidenceFromJson does, and on what isn't JSON.
protocol::Result<Evidence> Decode(std::string_view text);

const char* Name(ProbeType type);  ///< "liveness" ...
const char* Name(ProbeKind kind);  ///< "http" ...
const char* Name(WayKind kind);    ///< "cluster IP", "NodePort", "endpoint"

}  // namespace netcheck::model
