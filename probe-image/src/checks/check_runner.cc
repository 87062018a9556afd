#include "checks/check_runner.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "checks/attempt.h"
#include "engine/address.h"
#include "engine/tap_pair.h"

namespace netcheck::probe {
namespace {

/// The taps on the target of a check, and the first connection of the current attempt.
class CheckTaps {
 public:
  CheckTaps(const protocol::Check& check, const CheckContext& context) : clock_(context.clock) {
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

  DialObserver Observer() {
    return [this](const Endpoint& local, std::int64_t before_us, std::int64_t after_us) {
      if (taps_ && flow_ < 0) {
        // The clock's zero is another one: count back from now.
        const std::int64_t shift = clock_.NowUs() - after_us;
        flow_ = taps_->Watch(local, before_us + shift, after_us + shift);
      }
    };
  }

  /// What the taps saw of the attempt that just ended.
  std::uint32_t TakeSeen() {
    if (!taps_ || flow_ < 0) {
      return 0;
    }
    taps_->Drain();
    const std::uint32_t seen = taps_->flow(flow_).seen;
    taps_->Forget(flow_);
    flow_ = -1;
    return seen;
  }

 private:
  const ProbeClock& clock_;
  std::optional<TapPair> taps_;
  int flow_ = -1;
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
  CheckTaps taps(check, context);
  const AttemptContext attempt_context{
      context.clock, context.stop, taps.Observer(), context.containers};
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
    outcome.fact.seen = taps.TakeSeen();
    context.emit(std::move(outcome.fact));
  }
}

}  // namespace netcheck::probe
