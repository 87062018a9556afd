#include "probe/life_cycle.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "kube/requests.h"
#include "probe/deletion.h"
#include "probe/log_follower.h"
#include "probe/pod_state.h"
#include "probe/pod_watch.h"
#include "probe/retry.h"
#include "protocol/json_fields.h"
#include "protocol/stream.h"
#include "protocol/version.h"

namespace netcheck::probe_pod {
namespace {

using protocol::GetObject;
using protocol::GetString;
using protocol::Json;

using Clock = std::chrono::steady_clock;

/// Connections for one log; each may bring something new before it breaks.
constexpr int kMaxReads = 100;
/// Connections in a row that bring nothing; about 11 s.
constexpr int kMaxFailures = 10;
/// Connections in a row that stay open and silent.
constexpr int kMaxSilentReads = 3;

/// Deletes the pod when it goes out of scope, if the API server may have it.
class PodGuard {
 public:
  PodGuard(kube::Api& api, const Json& pod, RunOutcome& outcome)
      : api_(api),
        namespace_(GetString(GetObject(pod, "metadata"), "namespace")),
        name_(GetString(GetObject(pod, "metadata"), "name")),
        outcome_(outcome) {}
  PodGuard(const PodGuard&) = delete;
  PodGuard& operator=(const PodGuard&) = delete;
  ~PodGuard() {
    if (may_exist_) {
      outcome_.leftover = DeleteProbePod(api_, namespace_, name_, knowledge_);
    }
  }

  /// The server may have been about to create it when the connection was cut.
  void SetMayExist() { may_exist_ = true; }
  void SetExists() {
    may_exist_ = true;
    knowledge_ = PodKnowledge::kRuns;
  }
  void SetEnded() { knowledge_ = PodKnowledge::kEnded; }

 private:
  kube::Api& api_;
  std::string namespace_;
  std::string name_;
  RunOutcome& outcome_;
  bool may_exist_ = false;
  PodKnowledge knowledge_ = PodKnowledge::kMayAppear;
};

class Run {
 public:
  Run(kube::Api& api, const Json& pod, Observer& observer, RunOutcome& outcome)
      : api_(api),
        pod_(pod),
        path_(kube::PodPath(GetString(GetObject(pod, "metadata"), "namespace"),
                            GetString(GetObject(pod, "metadata"), "name"))),
        node_(GetString(GetObject(pod, "spec"), "nodeName")),
        observer_(observer),
        outcome_(outcome),
        guard_(api, pod, outcome) {}

  void Execute(std::chrono::seconds start_limit) {
    if (Create() && WaitForStart(start_limit)) {
      FollowLog();
    }
    if (stream_.HasEnd()) {
      guard_.SetEnded();
      if (!stream_.Complete()) {
        Fail(fmt::format("{} lines of the probe's report are missing", stream_.Missing()));
      }
    }
    outcome_.report = protocol::ReportFromStream(stream_);
  }

 private:
  bool Create();
  bool WaitForStart(std::chrono::seconds limit);
  void FollowLog();
  bool RefreshState();
  void ExplainEndedLog(const PodState& state);

  /// Records why the run fails; always false.
  bool Fail(std::string problem) {
    outcome_.problem = std::move(problem);
    return false;
  }
  bool Fail(const std::string& what, const kube::ApiError& error) {
    outcome_.interrupted = error.failure == kube::Failure::kInterrupted;
    return Fail(outcome_.interrupted ? "interrupted" : fmt::format("{}: {}", what, error.message));
  }
  bool FailBroken(const char* what, const PodState& state) {
    return Fail(
        fmt::format("{}: {}{}{}", what, state.reason, state.hint.empty() ? "" : "; ", state.hint));
  }

  kube::Api& api_;
  Json pod_;
  std::string path_;
  std::string node_;
  Observer& observer_;
  RunOutcome& outcome_;
  protocol::StreamReader stream_;
  PodGuard guard_;
};

bool Run::Create() {
  observer_.Step("creating the probe pod on " + node_);
  auto created = api_.Call(
      kube::Create(kube::PodsPath(GetString(GetObject(pod_, "metadata"), "namespace")), pod_));
  if (!created) {
    // Without an answer nobody knows whether the server has taken it.
    if (IsTransient(created.error()) || created.error().failure == kube::Failure::kInterrupted) {
      guard_.SetMayExist();
    }
    return Fail("the probe pod could not be created", created.error());
  }
  guard_.SetExists();
  pod_ = *std::move(created);
  return true;
}

bool Run::WaitForStart(std::chrono::seconds limit) {
  observer_.Step(fmt::format("waiting for {} to start the probe pod", node_));
  PodState state;
  std::string shown;
  auto seen = WatchPod(api_, pod_, limit, [&](const Json& pod) {
    state = JudgePod(pod);
    if (state.stage == PodStage::kWaiting && !state.reason.empty() && state.reason != shown) {
      shown = state.reason;
      observer_.Step(fmt::format("waiting for {} to start the probe pod ({})", node_, shown));
    }
    return state.stage != PodStage::kWaiting;
  });
  if (!seen) {
    return Fail("the probe pod could not be watched", seen.error());
  }
  pod_ = *std::move(seen);
  switch (state.stage) {
    case PodStage::kRunning:
    case PodStage::kFinished:
      return true;
    case PodStage::kBroken:
      return FailBroken("the probe pod did not start", state);
    case PodStage::kWaiting:
      break;
  }
  return Fail(fmt::format(
      "{} did not start the probe pod within {} s{}",
      node_,
      limit.count(),
      state.reason.empty() ? ": kubelet reports nothing about it" : " (" + state.reason + ")"));
}

/// Reads the pod again. False: going on makes no sense.
bool Run::RefreshState() {
  auto fresh = api_.Call(kube::Get(path_));
  if (fresh) {
    pod_ = *std::move(fresh);
    return true;
  }
  if (fresh.error().failure == kube::Failure::kNotFound) {
    return Fail("the probe pod disappeared while it ran: somebody deleted it");
  }
  return IsTransient(fresh.error()) || Fail("the probe pod could not be read", fresh.error());
}

void Run::ExplainEndedLog(const PodState& state) {
  const auto& foreign = stream_.foreign_lines();
  if (stream_.last_number() < 0 && !foreign.empty()) {
    Fail(fmt::format("the probe did not run: \"{}\"; is the image a netcheck probe of version {}?",
                     foreign.back(),
                     protocol::kNetcheckVersion));
  } else if (!state.reason.empty()) {
    FailBroken("the probe pod ended early", state);
  } else {
    Fail("the probe's log is cut off: its last facts are missing");
  }
}

void Run::FollowLog() {
  observer_.Step("checking from " + node_);
  LogFollower log(api_, path_ + "/log", stream_, observer_);
  Backoff backoff(kMaxFailures);
  int silent_reads = 0;
  for (int reads = 0; reads < kMaxReads && silent_reads < kMaxSilentReads; ++reads) {
    const PodState before = JudgePod(pod_);
    const std::int64_t last = stream_.last_number();
    const auto start = Clock::now();
    const auto read = log.Read(/*follow=*/before.stage == PodStage::kRunning);
    if (stream_.HasEnd()) {
      return;
    }
    if (!read && read.error().failure == kube::Failure::kInterrupted) {
      Fail("", read.error());
      return;
    }
    // The log of a pod that had ended before it was read to its end holds all there is, and what
    // the server can't give of it is lost.
    if (before.stage != PodStage::kRunning && (read || !IsTransient(read.error()))) {
      ExplainEndedLog(before);
      return;
    }
    const bool moved = stream_.last_number() > last;
    const bool silent = !moved && Clock::now() - start >= kLogIdleLimit;
    silent_reads = silent ? silent_reads + 1 : 0;
    if (moved) {
      backoff.Reset();
    }
    if (!backoff.Wait()) {
      Fail(fmt::format("the probe's log could not be read: {}",
                       read ? "it ends too early" : read.error().message));
      return;
    }
    if (!RefreshState()) {
      return;
    }
  }
  Fail(silent_reads == kMaxSilentReads ? "the probe says nothing any more"
                                       : "the probe's log breaks off again and again");
}

}  // namespace

RunOutcome RunProbe(kube::Api& api,
                    const Json& pod,
                    std::chrono::seconds start_limit,
                    Observer& observer) {
  RunOutcome outcome;
  Run(api, pod, observer, outcome).Execute(start_limit);
  return outcome;
}

}  // namespace netcheck::probe_pod
