#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/evidence.h"

// What a diagnosis says. Codes never change their meaning; texts may.
namespace netcheck::diagnosis {

enum class Certainty {
  kPossible,  ///< A risk that did not strike now; alone it leaves the verdict healthy.
  kLikely,    ///< The signature fits and its look-alikes are excluded.
  kProven,    ///< The mechanism itself was observed.
};

enum class Verdict { kHealthy, kUnhealthy, kUndetermined };

/// Where a handshake or check ended.
enum class Stage {
  kNone,         ///< It succeeded.
  kNothingSent,  ///< A: no packet left the node.
  kSynLost,      ///< B: the SYN left the node and did not reach the pod.
  kNoSynAck,     ///< C: the SYN reached the pod, which sent no SYN-ACK.
  kSynAckLost,   ///< D: the SYN-ACK left the pod, the socket never got it.
  kRejected,     ///< E: reset, or an ICMP error.
  kSlow,         ///< F: established, no answer or a late one.
  kWrongAnswer,  ///< G: answered, but not with what the check wants.
  kResetLater,   ///< H: established and reset later.
  kNotExecuted,  ///< I: the command could not be executed.
  kExitCode,     ///< J: the command ended in time, with a failure.
  kCommandSlow,  ///< K: the command did not end in time.
  kUnknown,      ///< The taps can't tell.
};

/// A batch or check of the plan and the index of an attempt in it.
struct AttemptRef {
  std::string id;
  int index = 0;
};

struct Finding {
  std::string code;  ///< "NC-LISTEN-001"
  Certainty certainty = Certainty::kPossible;
  std::string title;    ///< One line.
  std::string subject;  ///< "container web, readiness probe", "node node-a"
  std::vector<std::string> evidence;
  std::vector<std::string> fix;
  std::vector<AttemptRef> claims;  ///< The failed attempts that it explains.
};

struct Attempt {
  int source_port = 0;
  std::string source_address;
  std::string outcome;  ///< "success", "warning", "failure", "unknown"; "not tried"
  std::string detail;   ///< kubelet's words, or why it was not tried.
  Stage stage = Stage::kNone;
  std::optional<double> connect_ms;
  std::optional<double> first_byte_ms;
  std::optional<double> total_ms;  ///< Of a command: from its execution to its end.
  std::optional<double> start_ms;  ///< Of a command: until it was executed.
  std::optional<int> exit_code;    ///< Of a command.
};

/// What was tried for one probe of one container, or on one way to a Service.
struct CheckReport {
  std::string id;         ///< Of the batch or check in the plan.
  std::string way;        ///< "cluster IP", "NodePort", "endpoint"; "" for a probe's.
  std::string note;       ///< Of an endpoint: "pod web-1 on node node-b".
  std::string container;  ///< "" for a way.
  std::string probe;      ///< "liveness", "readiness", "startup", "none"; "" for a way.
  std::string kind;       ///< "http", "tcp", "grpc", "exec", "handshake"
  std::string ports;   ///< Of a handshake batch: "kubelet", "spread", "suspects", "sweep", "list".
  std::string target;  ///< "http://10.0.0.5:8080/healthz", "10.0.0.5:8080", "cat /tmp/ready"
  int passed = 0;
  int failed = 0;
  int not_tried = 0;
  std::vector<Attempt> attempts;
};

/// Failed attempts that no finding explains.
struct Unexplained {
  std::string subject;
  Stage stage = Stage::kUnknown;
  int attempts = 0;
  std::vector<std::string> excluded;  ///< Causes that the evidence rules out, with the reason.
  std::vector<std::string> observations;
};

/// What kubelet itself reported of a probe, beside what was met from here.
struct KubeletFailure {
  std::string container;
  std::string probe;       ///< "liveness", "readiness", "startup"
  std::string message;     ///< kubelet's words, the latest of their kind.
  int count = 0;           ///< Over all events of this kind.
  std::string first_seen;  ///< RFC 3339
  std::string last_seen;
  Stage stage = Stage::kUnknown;  ///< As far as the words tell; they can't tell A to D apart.
  int attempts = 0;               ///< Of ours, those that could have ended like this.
  int same = 0;                   ///< Of those, how many did.
};

/// What kubelet does with a probe whose attempts go on as they did here.
struct Forecast {
  std::string container;
  std::string probe;  ///< "liveness", "readiness", "startup"
  int attempts = 0;
  int failed = 0;   ///< As kubelet counts them.
  int errored = 0;  ///< kubelet's prober returned an error: thrown away, not counted.
  /// Until the failure takes effect: seconds from the first failing attempt (readiness) or from the
  /// container's start (liveness, startup); where only some attempts fail, the mean time between
  /// two, as an interval. Absent: it does not come to that.
  std::optional<double> after_s_low;
  std::optional<double> after_s_high;
  std::string text;  ///< Half a sentence.
};

struct Report {
  Verdict verdict = Verdict::kUndetermined;
  std::string summary;            ///< One sentence.
  std::vector<Finding> findings;  ///< kLikely and kProven, the strongest first.
  std::vector<Finding> risks;     ///< kPossible.
  std::vector<Unexplained> unexplained;
  std::vector<CheckReport> checks;
  std::vector<KubeletFailure> kubelet;
  std::vector<Forecast> forecasts;
  std::vector<model::NotSeen> not_seen;
};

const char* Name(Certainty certainty);  ///< "proven" ...
const char* Name(Verdict verdict);      ///< "healthy" ...

/// Pure: the same evidence always gives the same report.
Report Diagnose(const model::Evidence& evidence);

}  // namespace netcheck::diagnosis
