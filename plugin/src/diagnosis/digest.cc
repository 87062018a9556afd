#include "diagnosis/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "diagnosis/kubelet_words.h"
#include "diagnosis/words.h"
#include "protocol/json.h"
#include "protocol/v1_probe.h"

namespace netcheck::diagnosis {
namespace {

using protocol::CheckAttempt;
using protocol::CheckPhase;
using protocol::Moment;

constexpr std::int64_t kMicrosPerMilli = 1000;

Stage StageOfConnect(const CheckAttempt& attempt, Stage batch_stage) {
  switch (attempt.connect_result) {
    case protocol::kResultDeadline:
    case ETIMEDOUT:
      return (attempt.seen & protocol::kSeenPodSynAck) != 0 ? Stage::kSynAckLost : batch_stage;
    case ECONNREFUSED:
    case ECONNRESET:
      return Stage::kRejected;
    case EADDRNOTAVAIL:
      return Stage::kNothingSent;  // No source port, or none of the node's addresses fits.
    case EACCES:
    case EHOSTUNREACH:
    case ENETUNREACH:
      if ((attempt.seen & (protocol::kSeenNodeIcmp | protocol::kSeenPodIcmp)) != 0) {
        return Stage::kRejected;
      }
      return RefusedByRoute(attempt.connect_result, attempt.source_address, attempt.seen)
                 ? Stage::kNothingSent
                 : batch_stage;
    default:
      return Stage::kUnknown;
  }
}

/// The time that timeoutSeconds limits: containerd counts from the command's execution to its end
/// (pkg/cri/server/container_execsync.go), without the time that it takes to get there.
std::int64_t RunTime(const CheckAttempt& attempt) {
  const std::int64_t started = attempt.exec->started_us.value_or(attempt.total_us);
  return attempt.exec->exited_us.value_or(attempt.total_us) - started;
}

/// What the application sent is an answer, though none that the prober could read to its end.
bool IsAnswer(Ending ending) {
  return ending == Ending::kProtocol || ending == Ending::kUnhealthy;
}

/// Whether nothing could have come any more, however long the check may take: kubelet's client
/// gives a TLS handshake no more than 10 s (net/http, DefaultTransport), and a gRPC server no more
/// than 20 s for its first frame (grpc-go, minConnectTimeout).
bool WaitedToTheEnd(const CheckAttempt& attempt, const protocol::Check& plan) {
  constexpr std::int64_t kGrpcReadyUs = 20'000'000;
  return attempt.total_us >= plan.patience_ms * kMicrosPerMilli ||
         WordsOf(attempt).find("net/http: TLS handshake timeout") != std::string::npos ||
         (attempt.total_us >= kGrpcReadyUs && EndingIn(attempt.output) == Ending::kNoGrpc);
}

JudgedAttempt JudgeCommand(const CheckAttempt& attempt, const protocol::Check& plan) {
  JudgedAttempt judged;
  judged.attempt = &attempt;
  judged.duration_us = RunTime(attempt);
  judged.errored = !attempt.error.empty();
  const bool in_time =
      !attempt.exec->killed && judged.duration_us <= plan.timeout_ms * kMicrosPerMilli;
  const bool good = attempt.result == "success";
  judged.failed = !good || !in_time;
  judged.late = good && !in_time;
  if (judged.failed) {
    judged.stage = judged.errored ? Stage::kNotExecuted
                   : in_time      ? Stage::kExitCode
                                  : Stage::kCommandSlow;
  }
  return judged;
}

/// `batch_stage`: where the handshakes with the same target ended, when that is one place.
JudgedAttempt Judge(const CheckAttempt& attempt, const protocol::Check& plan, Stage batch_stage) {
  if (attempt.exec) {
    return JudgeCommand(attempt, plan);
  }
  JudgedAttempt judged;
  judged.attempt = &attempt;
  judged.duration_us = attempt.total_us;
  const bool in_time = attempt.total_us <= plan.timeout_ms * kMicrosPerMilli;
  const bool ended_early = !WaitedToTheEnd(attempt, plan);
  const bool answered = attempt.phase == CheckPhase::kDone;
  const bool good = attempt.result == "success" || attempt.result == "warning";
  judged.failed = !good || !in_time;
  judged.errored =
      !attempt.error.empty() || (!in_time && attempt.first_byte_us &&
                                 *attempt.first_byte_us <= plan.timeout_ms * kMicrosPerMilli);
  if (!judged.failed) {
    return judged;
  }
  if (!attempt.connect_us) {
    judged.stage = attempt.phase == CheckPhase::kConnect ? StageOfConnect(attempt, batch_stage)
                                                         : Stage::kUnknown;
    judged.cut_off = judged.stage == Stage::kSlow && ended_early;
  } else if (in_time) {
    judged.stage =
        answered || IsAnswer(EndingIn(attempt.output)) ? Stage::kWrongAnswer : Stage::kResetLater;
  } else {
    judged.stage = Stage::kSlow;
    judged.late = answered;
    judged.closed_late = !answered && EndingIn(WordsOf(attempt)) == Ending::kReset;
    judged.cut_off = !answered && ended_early && !judged.closed_late;
  }
  return judged;
}

/// The one stage at which every failed handshake with this target ended; kUnknown if they differ.
Stage CommonStage(const Digest& digest, const std::string& address, int port) {
  std::set<Stage> stages;
  for (const auto& [id, batch] : digest.batches) {
    if (batch.plan->address != address || batch.plan->port != port) {
      continue;
    }
    for (const HandshakeAttempt& attempt : batch.attempts) {
      if (attempt.failed()) {
        stages.insert(attempt.stage);
      }
    }
  }
  return stages.size() == 1 ? *stages.begin() : Stage::kUnknown;
}

void AddBatches(Digest& digest) {
  for (const protocol::HandshakeBatch& plan : digest.evidence->plan.batches) {
    Batch& batch = digest.batches[plan.id];
    batch.plan = &plan;
    for (const protocol::BatchEnd& end : digest.report().batch_ends) {
      if (end.batch == plan.id) {
        batch.end = &end;
        batch.taps = ViewOf(end);
      }
    }
    auto handshakes = protocol::ExpandHandshakes(digest.report(), plan.id);
    if (!handshakes) {
      digest.contradictions.push_back(handshakes.error().message);
      continue;
    }
    for (const protocol::Handshake& handshake : *handshakes) {
      batch.attempts.push_back({handshake, StageOf(handshake, batch.taps)});
    }
  }
}

/// The shortest time that a check, which waits longer than a handshake, needed to connect there;
/// nullopt: none did.
std::optional<std::int64_t> FastestConnect(const Digest& digest,
                                           const protocol::HandshakeBatch& batch) {
  std::optional<std::int64_t> fastest;
  for (const protocol::Check& plan : digest.evidence->plan.checks) {
    if (plan.address != batch.address || plan.port != batch.port) {
      continue;
    }
    for (const CheckAttempt& attempt : digest.report().check_attempts) {
      if (attempt.check == plan.id && attempt.connect_us) {
        fastest = std::min(fastest.value_or(*attempt.connect_us), *attempt.connect_us);
      }
    }
  }
  return fastest;
}

/// Where no handshake came to its end in time, and a check's did a little later, they were not lost
/// but late: the network takes longer than the handshake was waited for. A lost SYN is sent again
/// after 1 s (TCP_TIMEOUT_INIT, include/net/tcp.h), so what connects just then was lost.
void MarkLate(Digest& digest) {
  constexpr std::int64_t kResentUs = 1'100'000;
  for (auto& [id, batch] : digest.batches) {
    const bool any_in_time =
        std::any_of(batch.attempts.begin(), batch.attempts.end(), [](const HandshakeAttempt& a) {
          return a.handshake.result == 0;
        });
    const auto fastest = FastestConnect(digest, *batch.plan);
    if (any_in_time || !fastest || *fastest < kResentUs ||
        *fastest < batch.plan->timeout_ms * kMicrosPerMilli) {
      continue;
    }
    for (HandshakeAttempt& attempt : batch.attempts) {
      if (attempt.handshake.result == protocol::kResultDeadline) {
        attempt.stage = Stage::kSlow;
      }
    }
  }
}

/// What the taps did not see of this batch proves nothing.
void Unvouch(Batch& batch) {
  batch.taps = {};
  for (HandshakeAttempt& attempt : batch.attempts) {
    attempt.stage = StageOf(attempt.handshake, batch.taps);
  }
}

void AddChecks(Digest& digest) {
  for (const protocol::Check& plan : digest.evidence->plan.checks) {
    CheckCase& check = digest.checks[plan.id];
    check.plan = &plan;
    const Stage batch_stage = CommonStage(digest, plan.address, plan.port);
    for (const CheckAttempt& attempt : digest.report().check_attempts) {
      if (attempt.check == plan.id) {
        check.attempts.push_back(Judge(attempt, plan, batch_stage));
      }
    }
  }
}

const model::Container* FindContainer(const model::Pod& pod, const std::string& name) {
  const auto it = std::find_if(pod.containers.begin(),
                               pod.containers.end(),
                               [&](const auto& container) { return container.name == name; });
  return it == pod.containers.end() ? nullptr : &*it;
}

std::optional<protocol::ContainerProcess> FindProcess(const Digest& digest,
                                                      Moment moment,
                                                      const std::string& name) {
  const auto target = protocol::FindTarget(digest.report(), moment);
  if (!target) {
    return std::nullopt;
  }
  const auto it =
      std::find_if(target->containers.begin(),
                   target->containers.end(),
                   [&](const protocol::ContainerProcess& process) { return process.name == name; });
  return it == target->containers.end() ? std::nullopt : std::optional(*it);
}

/// Why what was tried for this container supports no finding: it was not running, or not the same
/// one, for the whole time. "": it was.
std::string WhyUnusable(const Digest& digest, const std::string& name) {
  const model::Evidence& evidence = *digest.evidence;
  const model::Container* before = FindContainer(evidence.pod, name);
  const model::Container* after = FindContainer(evidence.pod_after, name);
  if (before == nullptr || after == nullptr || evidence.pod.uid != evidence.pod_after.uid) {
    return "the pod was replaced or deleted while it was checked";
  }
  for (const model::Container* container : {before, after}) {
    if (container->state != "running") {
      return fmt::format(
          "container {} is not running ({})",
          name,
          container->state_reason.empty() ? container->state : container->state_reason);
    }
  }
  if (before->id != after->id || before->restart_count != after->restart_count) {
    return fmt::format("container {} was restarted while it was checked", name);
  }
  const auto found_before = FindProcess(digest, Moment::kBefore, name);
  const auto found_after = FindProcess(digest, Moment::kAfter, name);
  if (!found_before || !found_after) {
    return "";  // The probe could not find processes at all; the API's word has to do.
  }
  if (!found_before->running || !found_after->running) {
    return fmt::format("no process of container {} was found on the node", name);
  }
  if (found_before->pid != found_after->pid ||
      found_before->start_ticks != found_after->start_ticks) {
    return fmt::format("container {} was restarted while it was checked", name);
  }
  return "";
}

/// What kubelet says of a port name that it did not find in the container.
std::string PortError(const model::Probe& probe) {
  const bool has_port = probe.kind == model::ProbeKind::kHttp ||
                        probe.kind == model::ProbeKind::kTcp ||
                        probe.kind == model::ProbeKind::kGrpc;
  if (!has_port || probe.port != 0) {
    return "";
  }
  const model::Json as_written{{"tcpSocket", {{"port", probe.port_name}}}};
  return protocol::ReadV1Probe(as_written, model::Json::object()).port.error;
}

void AddProbes(Digest& digest) {
  for (const model::Probe& probe : digest.evidence->probes) {
    ProbeCase probe_case;
    probe_case.probe = &probe;
    probe_case.port_error = PortError(probe);
    probe_case.subject =
        probe.type == model::ProbeType::kUnknown
            ? fmt::format("container {}, port {}", probe.container, probe.port)
            : fmt::format("container {}, {} probe", probe.container, model::Name(probe.type));
    probe_case.unusable = WhyUnusable(digest, probe.container);
    for (const std::string& id : probe.batch_ids) {
      if (const auto it = digest.batches.find(id); it != digest.batches.end()) {
        probe_case.batches.push_back(&it->second);
      }
    }
    for (const std::string& id : probe.check_ids) {
      if (const auto it = digest.checks.find(id); it != digest.checks.end()) {
        probe_case.checks.push_back(&it->second);
      }
    }
    digest.probes.push_back(std::move(probe_case));
  }
}

/// Whether the way leads to another address than the one that is connected to: packets leave with
/// that one, and a tap on the Service's address does not see them.
bool IsTranslated(const model::ServiceWay& way) {
  return way.kind != model::WayKind::kEndpoint;
}

bool SameEndpoints(const std::vector<model::ServiceEndpoint>& a,
                   const std::vector<model::ServiceEndpoint>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.address == y.address && x.port == y.port && x.ready == y.ready;
  });
}

bool IsReadyAfter(const model::ServiceTarget& service, const model::ServiceWay& way) {
  return std::any_of(service.endpoints_after.begin(),
                     service.endpoints_after.end(),
                     [&](const model::ServiceEndpoint& endpoint) {
                       return endpoint.ready && endpoint.address == way.address &&
                              endpoint.port == way.port;
                     });
}

std::string WhyUnusable(const model::ServiceTarget& service, const model::ServiceWay& way) {
  if (IsTranslated(way)) {
    return SameEndpoints(service.endpoints, service.endpoints_after)
               ? ""
               : "the Service's endpoints changed while it was checked";
  }
  return IsReadyAfter(service, way) ? "" : "the endpoint went while it was checked";
}

void AddServices(Digest& digest) {
  if (!digest.evidence->service_target) {
    return;
  }
  const model::ServiceTarget& service = *digest.evidence->service_target;
  for (const model::ServiceWay& way : service.ways) {
    ServiceCase service_case;
    service_case.way = &way;
    service_case.subject = fmt::format("service {}/{}, {} {}",
                                       service.namespace_name,
                                       service.name,
                                       model::Name(way.kind),
                                       HostPort(way.address, way.port));
    service_case.unusable = WhyUnusable(service, way);
    for (const std::string& id : way.batch_ids) {
      const auto it = digest.batches.find(id);
      if (it == digest.batches.end()) {
        continue;
      }
      if (IsTranslated(way)) {
        Unvouch(it->second);
      }
      service_case.batches.push_back(&it->second);
    }
    digest.services.push_back(std::move(service_case));
  }
}

}  // namespace

Digest MakeDigest(const model::Evidence& evidence) {
  Digest digest;
  digest.evidence = &evidence;
  AddBatches(digest);
  MarkLate(digest);
  AddChecks(digest);
  AddProbes(digest);
  AddServices(digest);
  return digest;
}

std::optional<std::int64_t> CounterRise(const Digest& digest,
                                        protocol::Where where,
                                        const std::string& name) {
  const auto before = protocol::FindCounter(digest.report(), where, Moment::kBefore, name);
  const auto after = protocol::FindCounter(digest.report(), where, Moment::kAfter, name);
  if (!before || !after) {
    return std::nullopt;
  }
  return *after - *before;
}

}  // namespace netcheck::diagnosis
