#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/json_fwd.h"
#include "protocol/result.h"

// What the probe reports: facts, no causes and no stages. One fact is one line of the stream; large
// facts are split into several lines of the same kind, which readers join. The prose spec is
// PROTOCOL.md. Times named `_us` are microseconds of CLOCK_MONOTONIC since the hello fact.
namespace netcheck::protocol {

/// The network namespace that something was seen in. For a hostNetwork pod both are the same one
/// and only `node` facts are reported.
enum class Where { kUnknown, kNode, kPod };

/// When a snapshot was taken: before and after the idle window, and after the last packet.
enum class Moment { kUnknown, kIdle, kBefore, kAfter };

/// First fact of every stream.
struct Hello {
  int protocol_version = 0;
  std::string probe_version;
  std::string plan_id;
  std::string kernel_release;  ///< uname -r
  std::string machine;         ///< uname -m
};

/// The same instant on two clocks, so that packet stamps (CLOCK_REALTIME) and attempts
/// (CLOCK_MONOTONIC) can be compared.
struct ClockPair {
  std::int64_t monotonic_us = 0;  ///< Since hello.
  std::int64_t realtime_us = 0;   ///< Since 1970.
};

/// Something could not be looked at.
struct Unavailable {
  Moment moment = Moment::kUnknown;
  Where where = Where::kUnknown;
  std::string what;    ///< "sysctl net.ipv4.tcp_tw_recycle", "conntrack.entries", "tap" ...
  std::string reason;  ///< "No such file or directory", "module ip_vs is not loaded" ...
  int error_number = 0;
};

struct ContainerProcess {
  std::string name;
  std::string id;
  bool running = false;           ///< A live process of this container was found.
  std::int64_t pid = 0;           ///< The oldest one, in the node's PID namespace.
  std::uint64_t start_ticks = 0;  ///< /proc/PID/stat field 22.
};

/// The target as found on the node.
struct TargetState {
  Moment moment = Moment::kUnknown;
  bool found = false;
  std::string reason;            ///< When not found: why.
  std::uint64_t pod_netns = 0;   ///< Inode of the pod's network namespace.
  std::uint64_t node_netns = 0;  ///< Inode of the namespace that the probe connects from.
  std::vector<ContainerProcess> containers;
};

/// Values of /proc/sys, dots for slashes; what could not be read is an Unavailable fact.
struct Sysctls {
  Moment moment = Moment::kUnknown;
  Where where = Where::kUnknown;
  std::map<std::string, std::string> values;
};

/// /proc/net/netstat, /proc/net/snmp, /proc/net/snmp6 and the like: "TcpExt.ListenDrops" → value.
/// A name that this kernel does not have is absent, which is not zero. "KernelLog.ConntrackFull.N"
/// counts the lines "nf_conntrack: table full, dropping packet" about the network namespace with
/// inode N (0: this kernel does not tell) that the kernel's ring buffer holds (/dev/kmsg); it
/// writes few of many (net_warn_ratelimited).
struct Counters {
  Moment moment = Moment::kUnknown;
  Where where = Where::kUnknown;
  std::map<std::string, std::int64_t> values;
};

/// A TCP socket in LISTEN state (sock_diag, or /proc/net/tcp{,6} on old kernels).
struct Listener {
  std::string address;  ///< Textual; "0.0.0.0" and "::" for any.
  int port = 0;
  bool v6only = false;        ///< Meaningful for IPv6 sockets; false when unknown.
  std::uint32_t queue = 0;    ///< Connections waiting for accept() (`idiag_rqueue`).
  std::uint32_t backlog = 0;  ///< Effective limit of that queue (`idiag_wqueue`).
  /// Segments that this socket dropped since it was made (`sk_drops`): each TcpExt.ListenDrops, and
  /// what tcp_v4_rcv() discards of half-open connections; absent on kernels before 4.7.
  std::optional<std::uint32_t> drops = std::nullopt;
};

/// Whether a SYN to `address` and `port` would be given to this listener (inet_lookup_listener).
bool Accepts(const Listener& listener, const std::string& address, int port);

struct Listeners {
  Moment moment = Moment::kUnknown;
  Where where = Where::kUnknown;
  std::vector<Listener> listeners;
};

/// Fill of the connection tracking table of one network namespace.
struct ConntrackTable {
  Moment moment = Moment::kUnknown;
  Where where = Where::kUnknown;
  std::int64_t count = 0;    ///< net.netfilter.nf_conntrack_count
  std::int64_t max = 0;      ///< net.netfilter.nf_conntrack_max
  std::int64_t buckets = 0;  ///< net.netfilter.nf_conntrack_buckets
  /// Sums over the CPUs of /proc/net/stat/nf_conntrack: "drop", "insert_failed", "early_drop" ...
  std::map<std::string, std::int64_t> stats;
  std::int64_t at_us = 0;  ///< When it had been read, since hello.
};

/// Who fills the connection tracking table of one network namespace: a dump by ctnetlink, counted
/// while it streamed. One fact tells of the whole table, and one of each address that holds most of
/// it; an entry counts for the address that opened and for the one that accepted the connection.
struct ConntrackUsage {
  Moment moment = Moment::kUnknown;
  Where where = Where::kUnknown;
  std::string address;         ///< "": the whole table.
  std::int64_t opened = 0;     ///< Entries whose original source it is; of the whole table: all.
  std::int64_t accepted = 0;   ///< Entries whose reply comes from it: behind DNAT, who answers.
  std::int64_t assured = 0;    ///< IPS_ASSURED: not evicted when the table is full.
  std::int64_t unreplied = 0;  ///< Not IPS_SEEN_REPLY.
  std::map<std::string, std::int64_t> states;  ///< "TCP ESTABLISHED", "UDP", "protocol 132" ...
  /// "10.0.0.9:443" → entries: the original destinations of those that it opened, and its own port
  /// of those that it accepted. The most frequent ones, at most three.
  std::map<std::string, std::int64_t> destinations;
  // Of the whole table:
  std::string cut_off;         ///< Why not all of it was read; "": the kernel ended the dump.
  std::int64_t took_us = 0;    ///< From the request to the end of the dump.
  std::int64_t uncounted = 0;  ///< Entries of addresses that came when the counters were used up.
};

/// TCP sockets inside a network namespace of a pod of this node, whose own it is: the second way to
/// learn whose connections fill the node's table.
struct PodSockets {
  Moment moment = Moment::kUnknown;
  std::string pod_uid;                 ///< As in cgroup paths, with dashes where it is a UUID.
  std::uint64_t netns = 0;             ///< Inode.
  std::vector<std::string> addresses;  ///< Of that namespace, without loopback and link-local ones.
  std::int64_t in_use = 0;             ///< "inuse" of sockstat and sockstat6, listeners included.
  bool counted = false;                ///< All of its sockets were counted by state.
  /// "ESTABLISHED" → sockets, without listeners and connections of the namespace with itself.
  std::map<std::string, std::int64_t> states;
};

struct ConntrackTuple {
  std::string source;
  int source_port = 0;
  std::string destination;
  int destination_port = 0;
};

/// The conntrack entry of one failed handshake, asked for by its exact tuple.
struct ConntrackEntry {
  Where where = Where::kUnknown;
  std::string batch;
  int index = 0;
  bool found = false;
  std::string
      tcp_state;  ///< "SYN_SENT", "SYN_RECV" ... (include/uapi/linux/netfilter/nf_conntrack_tcp.h)
  std::uint32_t status = 0;  ///< IPS_* bits.
  ConntrackTuple original;
  ConntrackTuple reply;
};

struct IpvsDestination {
  std::string address;
  int port = 0;
  int weight = 0;
};

struct IpvsService {
  std::string protocol;  ///< "TCP", "UDP", "SCTP"
  std::string address;
  int port = 0;
  std::string scheduler;
  std::vector<IpvsDestination> destinations;
};

/// Virtual services of the node (/proc/net/ip_vs).
struct IpvsServices {
  Moment moment = Moment::kUnknown;
  std::vector<IpvsService> services;
};

struct IpvsConnection {
  std::string protocol;
  std::string client;
  int client_port = 0;
  std::string virtual_address;
  int virtual_port = 0;
  std::string destination;
  int destination_port = 0;
  std::string state;  ///< "SYN_RECV" ...
};

/// IPVS connections that involve the target (/proc/net/ip_vs_conn).
struct IpvsConnections {
  Moment moment = Moment::kUnknown;
  std::vector<IpvsConnection> connections;
};

/// An entry of the node's ARP or neighbour discovery table (`ip neigh`).
struct Neighbour {
  std::string address;
  std::string device;
  std::string state;              ///< "REACHABLE", "STALE", "INCOMPLETE", "FAILED" ...
  std::int64_t state_age_ms = 0;  ///< Since it got into this state (`ndm_updated`).
};

/// Neighbours of the node that have an address of the target, at the moment kAfter.
struct Neighbours {
  Moment moment = Moment::kUnknown;
  std::vector<Neighbour> neighbours;
  std::int64_t at_us = 0;  ///< Just before they were read, since hello.
};

/// A table of the packet filter, in one of the two places where the kernel keeps such tables: those
/// of nf_tables, which `nft` and `iptables-nft` write, and those of ip_tables and ip6_tables, which
/// `iptables-legacy` writes. Packets pass both.
struct FilterTable {
  Moment moment = Moment::kUnknown;
  Where where = Where::kUnknown;
  std::string backend;  ///< "nft" or "legacy"
  std::string family;   ///< "ip", "ip6", "inet", "arp", "bridge", "netdev"
  std::string name;     ///< "filter", "nat" ...
  /// By name, each as the text that ParseFilterChain() reads. Of the table of a kube-proxy or
  /// kubelet, one with a chain named KUBE-..., its base chains and those named KUBE-..., without
  /// the chains of single Services and endpoints. Of other tables the base chains, without a look
  /// at their rules.
  std::map<std::string, std::string> chains;
  int service_chains = 0;  ///< KUBE-SVC-..., KUBE-SEP-... and the like: a Service's or endpoint's.
  int other_chains = 0;
};

/// CFS bandwidth control of one cgroup (cpu.stat).
struct CpuThrottling {
  Moment moment = Moment::kUnknown;
  std::string subject;  ///< "probe", or the name of a container of the target.
  std::int64_t periods = 0;
  std::int64_t throttled_periods = 0;
  std::int64_t throttled_us = 0;
};

/// State of a packet tap (AF_PACKET) when the first batch started.
struct Tap {
  Where where = Where::kUnknown;
  bool open = false;
  std::string reason;  ///< When not open: why.
  /// "device": packets of all devices of the namespace, stamped by the kernel. "loopback": the
  /// target is an address of the node itself, both ends of each packet are seen on lo, and there is
  /// no second tap.
  std::string mode;
};

/// Bits of what the taps saw of one connection.
enum Seen : std::uint32_t {
  kSeenNodeSyn = 1U << 0,     ///< SYN left the node's namespace.
  kSeenPodSyn = 1U << 1,      ///< SYN reached the pod's namespace.
  kSeenPodSynAck = 1U << 2,   ///< SYN-ACK left the pod's namespace.
  kSeenNodeSynAck = 1U << 3,  ///< SYN-ACK reached the node's namespace.
  kSeenPodRst = 1U << 4,      ///< RST left the pod's namespace.
  kSeenNodeRst = 1U << 5,     ///< RST reached the node's namespace.
  kSeenPodIcmp = 1U << 6,     ///< An ICMP error about this connection left the pod's namespace.
  kSeenNodeIcmp = 1U << 7,    ///< An ICMP error about this connection reached the node's namespace.
  /// A segment that is no reset and not the SYN-ACK of this SYN left the pod's namespace before any
  /// SYN-ACK: a challenge ACK of an older connection of the same ports, for example (RFC 5961 §4).
  kSeenPodOther = 1U << 8,
  kSeenNodeOther = 1U << 9,  ///< Such a segment reached the node's namespace.
  /// SYN reached a device of the pod's namespace, addressed to another link-layer address
  /// (PACKET_OTHERHOST): unless kSeenPodSyn is set as well, IP never saw it.
  kSeenPodSynOtherHost = 1U << 10,
};

/// Result of one handshake: 0 established, an errno that connect() gave, or one of these.
inline constexpr int kResultDeadline = -1;  ///< No answer within the batch's timeout.
inline constexpr int kResultNotTried = -2;  ///< The source port was taken (EADDRINUSE,
                                            ///< EADDRNOTAVAIL at bind), or a limit forbade it.

/// Runs of equal values: [[value, count], ...].
using Runs = std::vector<std::pair<std::int64_t, std::int64_t>>;
/// Runs of values in arithmetic progression: [[start, step, count], ...].
using Ramps = std::vector<std::array<std::int64_t, 3>>;

/// The attempts `first` .. `first + count - 1` of a batch, column by column. Every attempt of a
/// batch is in exactly one such fact.
struct HandshakeColumns {
  std::string batch;
  int first = 0;
  int count = 0;
  std::string source_address;
  Ramps source_ports;
  Runs results;
  Runs seen;  ///< Seen bits.
  std::vector<std::int64_t>
      start_us;  ///< First value since hello, each other since the one before it.
  std::vector<std::int64_t> duration_us;  ///< From connect() to its result.
};

/// One packet of a failed handshake, as a tap saw it.
struct Packet {
  Where where = Where::kUnknown;
  std::int64_t at_us = 0;  ///< Since hello, from the kernel's stamp.
  std::string kind;        ///< "SYN", "SYN-ACK", "ACK", "RST", "FIN", "DATA", "ICMP 3/3" ...
  std::string source;      ///< "10.0.0.1:40000", "[fd00::1]:40000"
  std::string destination;
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
};

/// More about an attempt that did not end in an established connection; up to a cap per batch.
struct HandshakeDetail {
  std::string batch;
  int index = 0;
  std::string source_address;
  int source_port = 0;
  int result = 0;
  std::string
      error;  ///< As kubelet words it: "dial tcp 10.0.0.5:8080: connect: connection refused".
  std::string tcp_state;  ///< Of the socket before it was closed: "SYN_SENT" ... (TCP_INFO).
  std::uint32_t retransmits = 0;  ///< SYNs sent again (TCP_INFO).
  std::vector<Packet> packets;
};

/// What one tap delivered during one batch. That a packet was not seen means something only if
/// nothing was dropped and the tap delivered other packets of the same direction: packets of the
/// batch's own connections, or of the control connection that the probe makes from the pod's
/// namespace to a closed port of the node.
struct TapBatch {
  bool open = false;
  std::int64_t dropped = 0;  ///< Packets that the kernel could not hand over (tp_drops).
  int packets_in = 0;        ///< Delivered packets that its namespace received.
  int packets_out = 0;       ///< Delivered packets that its namespace sent.
};

/// What happened to a batch as a whole.
struct BatchEnd {
  std::string batch;
  int planned = 0;
  int tried = 0;
  int established = 0;
  int failed = 0;
  int not_tried = 0;
  std::string not_tried_reason;
  std::int64_t start_us = 0;
  std::int64_t end_us = 0;
  int details_omitted = 0;  ///< Failures beyond the cap, present in the columns only.
  TapBatch node_tap;
  TapBatch pod_tap;
};

/// How far an attempt of a check came; kStart and kRun are those of a command.
enum class CheckPhase {
  kUnknown,
  kResolve,
  kConnect,
  kTls,
  kRequest,
  kHeaders,
  kBody,
  kStart,
  kRun,
  kDone
};

/// The command of an exec check. Times are durations since the attempt's start_us.
struct ExecRun {
  /// Where its environment, user and limits were read: "runtime" (what the runtime gives to each
  /// command) or "process" (the container's first process, which may have changed it).
  std::string source;
  bool seccomp_left_out = false;  ///< The container has a filter; the command ran without it.
  std::optional<std::int64_t>
      started_us;  ///< execve(2) succeeded: kubelet's limit counts from here.
  std::optional<std::int64_t> exited_us;
  int exit_code = 0;    ///< As a runtime tells it: 128 + N after signal N. When exited_us is there.
  bool killed = false;  ///< By the probe, after patience_ms.
  /// Its standard output or error was still open when it had ended: by what it left running.
  bool output_held_open = false;
  /// Names of processes that it left running, at most ten. The probe ended them; kubelet does not.
  std::vector<std::string> left_running;
};

/// Both ends of a connection on which an answer was waited for in vain, at the end of the wait: the
/// target's socket as sock_diag shows it (net/ipv4/inet_diag.c, net/ipv4/tcp_diag.c), and the
/// probe's.
struct ServerSocket {
  std::string tcp_state;             ///< "ESTABLISHED" ...
  bool accepted = false;             ///< It has a file: accept(2) returned it, nobody closed it.
  std::uint32_t unread = 0;          ///< Bytes that came and that nobody has read.
  std::uint32_t unacknowledged = 0;  ///< Bytes written to it and not acknowledged; a FIN is one.
  /// How often their first ones were sent again in vain, or tried to: a packet that cannot leave
  /// its host is tried again by the timer for closed windows (net/ipv4/tcp_output.c,
  /// tcp_send_probe0).
  std::uint32_t retransmits = 0;
  std::uint32_t segment_size = 0;  ///< Data of the largest segment that it sends; 0: not told.
  bool timestamps = false;         ///< Its segments carry TCP's timestamps (RFC 7323).
  std::int64_t quiet_ms = 0;       ///< Since data came, or since the handshake.
  /// Bytes that came in all, and bytes written to it that were acknowledged. Since Linux 4.1.
  std::optional<std::int64_t> bytes_received;
  std::optional<std::int64_t> bytes_acknowledged;
  std::int64_t probe_sent = 0;             ///< Bytes that the probe gave to its own kernel.
  std::int64_t probe_received = 0;         ///< Bytes that the probe read.
  std::uint32_t probe_unacknowledged = 0;  ///< Of those sent (SIOCOUTQ).
};

/// One attempt of a check.
struct CheckAttempt {
  std::string check;
  int index = 0;
  std::string source_address;
  int source_port = 0;
  std::int64_t start_us = 0;
  /// Durations since start_us; absent when that point was not reached.
  std::optional<std::int64_t> connect_us;
  std::optional<std::int64_t> tls_us;
  std::optional<std::int64_t> first_byte_us;
  std::int64_t total_us = 0;
  CheckPhase phase = CheckPhase::kUnknown;  ///< Where it ended.
  std::string result;  ///< "success", "warning", "failure", "unknown" (pkg/probe/probe.go), judged
                       ///< with patience_ms as the limit.
  /// Where kubelet's prober returns an error beside its result, that error: kubelet tries twice
  /// more at once and then throws the attempt away (pkg/kubelet/prober/prober.go). "" otherwise.
  std::string error;
  int connect_result = 0;  ///< As in HandshakeColumns.
  int http_status = 0;     ///< Of the last response; 0: none.
  std::string output;      ///< kubelet's output, cut at 1 KiB.
  std::string server;      ///< Response header Server.
  std::string location;    ///< Response header Location.
  std::uint32_t seen = 0;  ///< Seen bits of its first connection.
  /// Of its first connection; absent where the wait did not end in vain, or there is no such
  /// socket: the connection may have been redirected to another address.
  std::optional<ServerSocket> server_socket;
  std::optional<ExecRun> exec;
};

struct Heartbeat {
  int tried = 0;
  int planned = 0;
};

/// Last fact of every complete stream.
struct End {
  std::string reason;      ///< "done", "deadline", "signal", "target gone".
  std::int64_t lines = 0;  ///< Lines before this one.
  std::int64_t max_rss_kib = 0;
  std::int64_t cpu_us = 0;  ///< User and system time of the probe.
};

using Fact = std::variant<Hello,
                          ClockPair,
                          Unavailable,
                          TargetState,
                          Sysctls,
                          Counters,
                          Listeners,
                          ConntrackTable,
                          ConntrackUsage,
                          PodSockets,
                          ConntrackEntry,
                          IpvsServices,
                          IpvsConnections,
                          Neighbours,
                          FilterTable,
                          CpuThrottling,
                          Tap,
                          HandshakeColumns,
                          HandshakeDetail,
                          BatchEnd,
                          CheckAttempt,
                          Heartbeat,
                          End>;

/// {"kind": "hello", ...}
Json ToJson(const Fact& fact);

/// Absent fields take their defaults, unknown fields are ignored. nullopt: a kind that this version
/// does not know, which a reader skips.
Result<std::optional<Fact>> FactFromJson(const Json& json);

}  // namespace netcheck::protocol
