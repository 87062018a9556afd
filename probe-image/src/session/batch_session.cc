#include "session/batch_session.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/batch_run.h"
#include "kernel/conntrack_lookup.h"
#include "kernel/sock_diag.h"
#include "session/accept_gate.h"
#include "session/columns.h"

namespace netcheck::probe {
namespace {

using protocol::Unavailable;
using protocol::Where;
using std::chrono::milliseconds;

constexpr int kMaxConntrackLookUps = 20;
constexpr milliseconds kConntrackPause{250};
/// Entries of connections that were reset last ten seconds (tcp_timeouts of
/// net/netfilter/nf_conntrack_proto_tcp.c): whoever waits longer for room waits for others.
constexpr milliseconds kConntrackPatience{12'000};
constexpr const char* kStuckReason = "the target's accept queue stays more than half full";
constexpr const char* kConntrackReason =
    "the probe's share of the node's connection tracking table was used up";

void ReportTap(const protocol::Tap& tap, std::optional<protocol::Json>& last, FactWriter& writer) {
  const protocol::Json json = protocol::ToJson(tap);
  if (last != json) {
    last = json;
    writer.Write(tap);
  }
}

int CountEnded(const AttemptTable& attempts) {
  const auto pending = std::count(attempts.results.begin(), attempts.results.end(), kResultPending);
  return static_cast<int>(attempts.size()) - static_cast<int>(pending);
}

/// Watches the accept queues that this batch's connections go to.
AcceptGate GateOf(const BatchJob& job, const BatchContext& context) {
  if (!context.target_found) {
    return AcceptGate([] { return std::nullopt; });
  }
  auto opened = SockDiag::Open(context.pod_netns_fd, "/proc");
  if (!opened) {  // The snapshots say why; the pace alone has to do.
    return AcceptGate([] { return std::nullopt; });
  }
  const auto sockets = std::make_shared<SockDiag>(std::move(*opened));
  return AcceptGate([sockets, &job]() -> std::optional<std::int64_t> {
    const auto listeners = sockets->Listeners();
    return listeners ? AcceptRoom(*listeners, job.address, job.port) : std::nullopt;
  });
}

/// Lets a batch go on as its target accepts. One that does not accept gets a few connections more,
/// which show what becomes of them.
class Backpressure {
 public:
  Backpressure(AcceptGate gate, BatchRun& batch) : gate_(std::move(gate)), batch_(batch) {}

  /// To be called before the first attempt and from the hook. true: nothing is left to be done.
  bool Adjust() {
    const auto answer = gate_.Ask(AcceptGate::Clock::now());
    if (answer.stuck && last_tries_) {
      return batch_.admitted() == 0 && batch_.in_flight() == 0;
    }
    last_tries_ = answer.stuck;
    if (answer.stuck) {
      batch_.Admit(kTriesWhenStuck);
    } else if (answer.room) {
      batch_.Admit(*answer.room - std::min(*answer.room, batch_.in_flight()));
    } else {
      batch_.Admit(std::numeric_limits<std::size_t>::max());
    }
    return false;
  }

 private:
  static constexpr std::size_t kTriesWhenStuck = 10;

  AcceptGate gate_;
  BatchRun& batch_;
  bool last_tries_ = false;
};

/// Makes the attempts, as many at a time as the conntrack share and the target's accept queue
/// allow. Returns why not all were made; "" if the connector knows.
std::string RunAttempts(const BatchJob& job, BatchRun& batch, const BatchContext& context) {
  Backpressure backpressure(GateOf(job, context), batch);
  bool given_up = false;
  bool stuck = backpressure.Adjust();
  const RunHook hook = [&] {
    given_up = job.give_up_after > 0 && NoneAnswered(batch.attempts().results, job.give_up_after);
    stuck = backpressure.Adjust();
    return given_up || stuck || context.control.Stop();
  };
  milliseconds waited{0};
  while (batch.done() < batch.attempts().size() && !batch.stopped()) {
    const std::size_t left = batch.attempts().size() - batch.done();
    const auto room = context.conntrack.Room();
    if (room && *room == 0) {
      waited += kConntrackPause;
      if (waited > kConntrackPatience || !context.control.Pause(kConntrackPause)) {
        return kConntrackReason;
      }
      continue;
    }
    waited = milliseconds{0};
    const std::size_t count = room ? std::min(left, static_cast<std::size_t>(*room)) : left;
    if (const auto run = batch.Run(count, hook); !run) {
      return run.error().message;
    }
  }
  return given_up ? "none of the first attempts got an answer" : stuck ? kStuckReason : "";
}

bool IsFailure(int result) {
  return result != 0 && result != protocol::kResultNotTried;
}

/// Asks the node's connection tracking for the first failures.
void ReportConntrackEntries(const BatchJob& job, const BatchRun& batch, FactWriter& writer) {
  const AttemptTable& attempts = batch.attempts();
  int asked = 0;
  for (std::size_t i = 0; i < attempts.size() && asked < kMaxConntrackLookUps; ++i) {
    if (!IsFailure(attempts.results[i]) || attempts.source_ports[i] == 0) {
      continue;
    }
    ++asked;
    auto entry =
        LookUpConntrack({batch.source_address(), attempts.source_ports[i], job.address, job.port});
    if (!entry) {
      writer.Write(Unavailable{{},
                               Where::kNode,
                               "conntrack.entries",
                               entry.error().message,
                               entry.error().error_number});
      return;
    }
    entry->where = Where::kNode;
    entry->batch = job.id;
    entry->index = static_cast<int>(i);
    writer.Write(*entry);
  }
}

BatchOptions OptionsOf(const BatchJob& job, const BatchContext& context) {
  BatchOptions options;
  options.id = job.id;
  options.address = job.address;
  options.port = job.port;
  options.source_ports = job.source_ports;
  options.timeout = milliseconds(job.timeout_ms);
  options.connections_per_second = job.pace.connections_per_second;
  options.max_in_flight = job.pace.max_in_flight;
  options.max_details = context.max_details;
  options.pod_netns_fd = context.pod_netns_fd;
  return options;
}

}  // namespace

bool NoneAnswered(const std::vector<std::int32_t>& results, int count) {
  int unanswered = 0;
  for (const std::int32_t result : results) {
    if (result == protocol::kResultDeadline) {
      ++unanswered;
    } else if (result != kResultPending && result != protocol::kResultNotTried) {
      return false;
    }
  }
  return unanswered >= count;
}

int RunBatch(const BatchJob& job, const BatchContext& context, ReportedTaps& reported) {
  FactWriter& writer = context.writer;
  auto opened = BatchRun::Open(OptionsOf(job, context), context.clock);
  if (!opened) {
    writer.Write(Unavailable{
        {}, {}, "batch " + job.id, opened.error().message, opened.error().error_number});
    return 0;
  }
  BatchRun& batch = **opened;
  ReportTap(batch.node_tap_fact(), reported.node, writer);
  ReportTap(batch.pod_tap_fact(), reported.pod, writer);

  context.control.SetRunning([&] { return CountEnded(batch.attempts()); });
  const std::string reason = RunAttempts(job, batch, context);
  context.control.SetRunning({});
  protocol::BatchEnd end = batch.Finish();
  context.control.AddTried(static_cast<int>(batch.attempts().size()));

  for (const auto& columns : EncodeColumns(job.id, batch.source_address(), batch.attempts())) {
    writer.Write(columns);
  }
  int written = 0;
  for (const protocol::HandshakeDetail& detail : batch.Details()) {
    const bool fits = writer.WriteIfRoom(detail, context.reserve);
    written += fits ? 1 : 0;
    end.details_omitted += fits ? 0 : 1;
  }
  ReportConntrackEntries(job, batch, writer);
  if (!reason.empty()) {
    end.not_tried_reason += (end.not_tried_reason.empty() ? "" : ", ") + reason;
  }
  writer.Write(end);
  return written;
}

}  // namespace netcheck::probe
