#include "session/probe_session.h"

#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checks/check_runner.h"
#include "engine/address.h"
#include "engine/clock.h"
#include "engine/port_plan.h"
#include "kernel/conntrack_usage.h"
#include "kernel/kernel_log.h"
#include "kernel/snapshot.h"
#include "kernel/sock_diag.h"
#include "kernel/tables.h"
#include "protocol/json.h"
#include "protocol/version.h"
#include "session/batch_session.h"
#include "session/columns.h"
#include "session/conntrack_share.h"
#include "session/fact_writer.h"
#include "session/node_view.h"
#include "session/pace.h"
#include "session/run_control.h"
#include "sys/file_limit.h"
#include "target/find_target.h"
#include "target/pod_sockets.h"

namespace netcheck::probe {
namespace {

using protocol::Fact;
using protocol::Moment;
using protocol::Plan;
using protocol::Unavailable;
using protocol::Where;

/// Attempts that can be reported in full within one stream.
constexpr std::size_t kMaxAttempts = 66'000;
/// Failures described in full, in all batches together.
constexpr int kMaxDetails = 1000;
/// On a busy machine a full table of the usual size (262,144 entries) took more than 1.5 s; the
/// kernel test prints what it takes.
constexpr std::chrono::milliseconds kConntrackBudget{4000};
constexpr std::chrono::milliseconds kPodSocketsBudget{1000};
/// For what is written whatever happens: batch ends, conntrack entries, heartbeats, the end.
constexpr std::size_t kSmallFactsReserve = 65536;

protocol::Hello MakeHello(const Plan& plan) {
  utsname system{};
  uname(&system);
  return {protocol::kProtocolVersion,
          protocol::kNetcheckVersion,
          plan.id,
          system.release,
          system.machine};
}

std::vector<std::string> TargetAddresses(const Plan& plan) {
  std::set<std::string> addresses(plan.target.pod_ips.begin(), plan.target.pod_ips.end());
  for (const protocol::HandshakeBatch& batch : plan.batches) {
    addresses.insert(batch.address);
  }
  for (const protocol::Check& check : plan.checks) {
    addresses.insert(check.address);
  }
  return {addresses.begin(), addresses.end()};
}

/// To 1 KiB, so that no UTF-8 sequence is cut.
std::string CutOutput(std::string text) {
  constexpr std::size_t kMaxOutputBytes = 1024;
  if (text.size() > kMaxOutputBytes) {
    std::size_t end = kMaxOutputBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) {
      --end;
    }
    text.resize(end);
  }
  return text;
}

std::int64_t Microseconds(const timeval& time) {
  return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

class Session {
 public:
  Session(const Plan& plan, int fd)
      : plan_(plan), writer_(fd), control_(writer_, plan.limits.deadline_ms) {
    const bool sweeps = std::any_of(
        plan.batches.begin(), plan.batches.end(), [](const protocol::HandshakeBatch& batch) {
          return batch.ports.kind == protocol::PortPlanKind::kSweep;
        });
    attempts_left_ = sweeps ? kMaxAttempts : 0;  // Until the ports are known.
  }

  bool Run() {
    writer_.Write(MakeHello(plan_));
    writer_.Write(clock_.Pair());
    target_ = FindTarget(plan_.target, Moment::kBefore);
    writer_.Write(target_.state);
    const std::vector<Fact> idle = Snapshot(Moment::kIdle);
    control_.Pause(std::chrono::milliseconds(plan_.idle_window_ms));
    const std::vector<Fact> before = Snapshot(Moment::kBefore);
    Throttling(Moment::kBefore);
    PlanJobs(before);
    RunBatches();
    RunChecks();
    const FoundTarget after = FindTarget(plan_.target, Moment::kAfter);
    writer_.Write(after.state);
    ReportConntrackUse(idle, Snapshot(Moment::kAfter));
    Throttling(Moment::kAfter);
    writer_.Write(clock_.Pair());
    End(target_.state.found && !after.state.found);
    return !writer_.failed();
  }

 private:
  /// Whether the target's namespace is the probe's own.
  [[nodiscard]] bool SharesNamespace() const {
    return target_.state.found && target_.state.pod_netns == target_.state.node_netns;
  }

  /// Both namespaces; returns what was seen.
  std::vector<Fact> Snapshot(Moment moment) {
    const bool packet_filter = IsNode(plan_.target) && moment != Moment::kIdle;
    const std::int64_t began_us = clock_.NowUs();
    std::vector<Fact> facts =
        TakeSnapshot({moment, Where::kNode, -1, TargetAddresses(plan_), packet_filter});
    if (target_.pod_netns.valid()) {
      std::vector<Fact> pod =
          TakeSnapshot({moment, Where::kPod, target_.pod_netns.get(), TargetAddresses(plan_)});
      std::move(pod.begin(), pod.end(), std::back_inserter(facts));
    } else if (!SharesNamespace()) {
      facts.emplace_back(Unavailable{moment, Where::kPod, "snapshot", target_.state.reason, 0});
    }
    for (Fact& fact : facts) {
      if (auto* table = std::get_if<protocol::ConntrackTable>(&fact)) {
        table->at_us = clock_.NowUs();
      } else if (auto* neighbours = std::get_if<protocol::Neighbours>(&fact)) {
        neighbours->at_us = began_us;
      }
    }
    const std::size_t bytes_before = writer_.bytes();
    WriteBulk(facts, moment);
    snapshot_bytes_ = std::max(snapshot_bytes_, writer_.bytes() - bytes_before);
    return facts;
  }

  /// Who fills a conntrack table that is filling, by its entries and by the sockets of the pods.
  void ReportConntrackUse(const std::vector<Fact>& idle, const std::vector<Fact>& after) {
    const bool node = ConntrackMatters(idle, after, Where::kNode);
    const bool pod = target_.pod_netns.valid() && ConntrackMatters(idle, after, Where::kPod);
    if ((!node && !pod) || control_.Stop()) {
      return;
    }
    const auto write = [this](const std::vector<Fact>& facts) { WriteBulk(facts, Moment::kAfter); };
    if (pod) {
      write(ReadConntrackUsage(
          {Moment::kAfter, Where::kPod}, target_.pod_netns.get(), kConntrackBudget));
    }
    if (node) {
      write(ReadConntrackUsage({Moment::kAfter, Where::kNode}, -1, kConntrackBudget));
      write(ReadPodSockets(Moment::kAfter, target_.state.node_netns, kPodSocketsBudget));
    }
    write(ReadConntrackFullLog({Moment::kAfter, Where::kNode}));
  }

  /// Writes what the stream has room for, and says what was left out.
  void WriteBulk(const std::vector<Fact>& facts, Moment moment) {
    std::set<std::string> left_out;
    for (const Fact& fact : facts) {
      if (!writer_.WriteIfRoom(fact, Reserve())) {
        left_out.insert(protocol::ToJson(fact)["kind"].get<std::string>());
      }
    }
    for (const std::string& kind : left_out) {
      writer_.Write(Unavailable{
          moment, {}, kind, "left out: the stream of facts may not be longer than 2 MiB", 0});
    }
  }

  /// Bytes of the stream that are spoken for.
  [[nodiscard]] std::size_t Reserve() const {
    return kSmallFactsReserve + attempts_left_ * kColumnBytesPerAttempt + snapshot_bytes_;
  }

  void Throttling(Moment moment) { WriteBulk(ReadCpuThrottling(target_.state, moment), moment); }

  Pace PaceOf(const protocol::HandshakeBatch& batch, const std::vector<Fact>& before) {
    const Where where = SharesNamespace() ? Where::kNode : Where::kPod;
    const Pace pace = PaceFor(plan_.limits,
                              BacklogOf(before, where, batch.address, batch.port),
                              SocketsWithinFileLimit(plan_.limits.max_in_flight));
    if (pace.files_limit) {
      writer_.Write(Unavailable{{},
                                {},
                                "limits.max_in_flight",
                                "only " + std::to_string(pace.max_in_flight) +
                                    " sockets may be open at once (RLIMIT_NOFILE)",
                                0});
    }
    return pace;
  }

  void PlanJobs(const std::vector<Fact>& before) {
    const PortPlanInput input = PortInputOf(before, plan_.seed);
    std::size_t planned = 0;
    for (const protocol::HandshakeBatch& batch : plan_.batches) {
      PlannedPorts ports = PlanSourcePorts(batch.ports, input);
      if (const std::size_t wanted = ports.ports.size(); wanted > kMaxAttempts - planned) {
        ports.ports.resize(kMaxAttempts - planned);
        writer_.Write(Unavailable{{},
                                  {},
                                  "batch " + batch.id,
                                  std::to_string(wanted - ports.ports.size()) +
                                      " source ports left out: the stream of facts may not be "
                                      "longer than 2 MiB",
                                  0});
      }
      planned += ports.ports.size();
      jobs_.push_back({batch.id,
                       batch.address,
                       batch.port,
                       batch.timeout_ms,
                       batch.give_up_after,
                       PaceOf(batch, before),
                       std::move(ports.ports)});
    }
    attempts_left_ = planned;
    for (const protocol::Check& check : plan_.checks) {
      planned += static_cast<std::size_t>(check.attempts);
    }
    control_.SetPlanned(static_cast<int>(planned));
  }

  void RunBatches() {
    const ConntrackShare conntrack(plan_.limits.conntrack_percent, [] {
      return FreeConntrackEntries(ReadConntrackTable({Moment::kBefore, Where::kNode}, "/proc"));
    });
    ReportedTaps reported;
    int details_left = kMaxDetails;
    for (const BatchJob& job : jobs_) {
      attempts_left_ -= job.source_ports.size();
      const BatchContext context{writer_,
                                 control_,
                                 clock_,
                                 conntrack,
                                 target_.pod_netns.get(),
                                 target_.state.found,
                                 details_left,
                                 Reserve()};
      details_left -= RunBatch(job, context, reported);
      writer_.Write(clock_.Pair());
    }
  }

  /// Asks sock_diag in the target's namespace; empty where it can't be asked, which the snapshots
  /// tell.
  [[nodiscard]] decltype(CheckContext::find_server_socket) ServerSockets() const {
    if (!target_.state.found) {
      return {};
    }
    auto opened = SockDiag::Open(target_.pod_netns.get(), "/proc");
    if (!opened) {
      return {};
    }
    const auto sockets = std::make_shared<SockDiag>(std::move(*opened));
    // The node's own loopback is another one than the pod's.
    const bool shared = SharesNamespace();
    return [sockets, shared](const Endpoint& server,
                             const Endpoint& client) -> std::optional<protocol::ServerSocket> {
      if (IsLoopback(server.address) && !shared) {
        return std::nullopt;
      }
      const auto found = sockets->Connected({FormatIpAddress(server.address),
                                             server.port,
                                             FormatIpAddress(client.address),
                                             client.port});
      return found ? *found : std::nullopt;
    };
  }

  void RunChecks() {
    CheckContext context{clock_, target_.pod_netns.get(), {}, {}, {}, {}};
    context.find_server_socket = ServerSockets();
    context.stop = [this] { return control_.Stop(); };
    context.emit = [this](protocol::CheckAttempt attempt) {
      control_.AddTried(1);
      attempt.output = CutOutput(std::move(attempt.output));
      attempt.error = CutOutput(std::move(attempt.error));
      WriteBulk({std::move(attempt)}, Moment::kUnknown);
    };
    context.containers = target_.state.containers;
    for (const protocol::Check& check : plan_.checks) {
      context.not_made = [&](const std::string& reason) {
        writer_.Write(Unavailable{{}, {}, "check " + check.id, reason, 0});
      };
      if (!control_.Stop()) {
        RunCheck(check, context);
      }
    }
  }

  void End(bool target_gone) {
    protocol::End end;
    end.reason = control_.reason();
    if (target_gone && end.reason == "done") {
      end.reason = "target gone";
    }
    rusage own{};
    rusage children{};
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    end.max_rss_kib = own.ru_maxrss;
    for (const rusage* usage : {&own, &children}) {
      end.cpu_us += Microseconds(usage->ru_utime) + Microseconds(usage->ru_stime);
    }
    end.lines = writer_.lines();
    writer_.Write(end);
  }

  const Plan& plan_;
  const ProbeClock clock_;
  FactWriter writer_;
  RunControl control_;
  FoundTarget target_;
  std::vector<BatchJob> jobs_;
  std::size_t attempts_left_ = 0;   ///< Of the batches that have not begun.
  std::size_t snapshot_bytes_ = 0;  ///< Of the largest snapshot so far.
};

}  // namespace

bool RunPlan(const Plan& plan, int fd) {
  return Session(plan, fd).Run();
}

}  // namespace netcheck::probe
