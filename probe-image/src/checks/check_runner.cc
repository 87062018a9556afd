#include "checks/check_runner.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "checks/attempt.h"
#include "engine/address.h"
#include "engine/tap_pair.h"

namespace netcheck::probe {
namespace {

/// What is watched of the first connection of each attempt.
class FirstConnection {
 public:
  FirstConnection(const protocol::Check& check, const CheckContext& context) : context_(context) {
    const std::string& host = check.kind == protocol::CheckKind::kHttp && !check.http.host.empty()
                                  ? check.http.host
                                  : check.address;
    if (const auto address = ParseIpAddress(host)) {
      TapPairOptions options;
      options.target = {*address, static_cast<std::uint16_t>(check.port)};
      options.pod_netns_fd = context.pod_netns_fd;
      options.connections_per_second = 10;
      taps_.emplace(TapPair::Open(options, context.clock));
    }
  }

  DialObserver OnConnect() {
    return [this](const Endpoint& local, std::int64_t before_us, std::int64_t after_us) {
      if (taps_ && flow_ < 0) {
        // The clock's zero is another one: count back from now.
        const std::int64_t shift = context_.clock.NowUs() - after_us;
        flow_ = taps_->Watch(local, before_us + shift, after_us + shift);
      }
    };
  }

  SilenceObserver OnSilence() {
    if (!context_.find_server_socket) {
      return {};
    }
    return [this](const SilentConnection& silent) {
      server_socket_ = context_.find_server_socket(silent.remote, silent.local);
      if (server_socket_) {
        server_socket_->probe_sent = silent.sent;
        server_socket_->probe_received = silent.received;
        server_socket_->probe_unacknowledged = silent.unacknowledged;
      }
    };
  }

  /// Adds what was seen in the attempt that just ended.
  void Report(protocol::CheckAttempt& fact) {
    fact.server_socket = std::exchange(server_socket_, std::nullopt);
    if (taps_ && flow_ >= 0) {
      taps_->Drain();
      fact.seen = taps_->flow(flow_).seen;
      taps_->Forget(flow_);
      flow_ = -1;
    }
  }

 private:
  const CheckContext& context_;
  std::optional<TapPair> taps_;
  int flow_ = -1;
  std::optional<protocol::ServerSocket> server_socket_;
};

AttemptOutcome Attempt(const protocol::Check& check, const AttemptContext& context) {
  switch (check.kind) {
    case protocol::CheckKind::kHttp:
      return AttemptHttp(check, context);
    case protocol::CheckKind::kGrpc:
      return AttemptGrpc(check, context);
    case protocol::CheckKind::kExec:
      return AttemptExec(check, context);
    default:
      return AttemptTcp(check, context);
  }
}

}  // namespace

void RunCheck(const protocol::Check& check, const CheckContext& context) {
  using std::chrono::milliseconds;
  const auto end = std::chrono::steady_clock::now() + milliseconds(check.budget_ms);
  FirstConnection connection(check, context);
  const AttemptContext attempt_context{context.clock,
                                       context.stop,
                                       connection.OnConnect(),
                                       context.containers,
                                       connection.OnSilence()};
  protocol::Check as_kubelet = check;
  as_kubelet.patience_ms = check.timeout_ms;
  // An attempt that outlasts timeout_ms shows how slow the target is; the next one shows what
  // kubelet makes of that.
  bool outlasted = false;
  for (int index = 0; index < check.attempts; ++index) {
    if (index > 0) {
      const Patience pause = Patience{end, context.stop}.AtMost(milliseconds(check.interval_ms));
      if (WaitFor(-1, 0, pause) == WaitResult::kStopped ||
          std::chrono::steady_clock::now() >= end) {
        return;
      }
    }
    AttemptOutcome outcome = Attempt(outlasted ? as_kubelet : check, attempt_context);
    if (outcome.stopped) {
      return;
    }
    if (!outcome.not_made.empty()) {
      context.not_made(outcome.not_made);
      return;
    }
    outlasted = !outlasted && outcome.fact.total_us > std::int64_t{1000} * check.timeout_ms;
    outcome.fact.check = check.id;
    outcome.fact.index = index;
    connection.Report(outcome.fact);
    context.emit(std::move(outcome.fact));
  }
}

}  // namespace netcheck::probe
