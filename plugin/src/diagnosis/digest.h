#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "diagnosis/finding.h"
#include "diagnosis/stage.h"

// Evidence arranged for the rules: attempts out of their columns, each with its stage, joined with
// the probe that they were made for.
namespace netcheck::diagnosis {

struct HandshakeAttempt {
  protocol::Handshake handshake;
  Stage stage = Stage::kNone;
  [[nodiscard]] bool failed() const {
    return handshake.result != 0 && handshake.result != protocol::kResultNotTried;
  }
};

struct Batch {
  const protocol::HandshakeBatch* plan = nullptr;
  const protocol::BatchEnd* end = nullptr;  ///< nullptr: it did not finish.
  TapView taps;
  std::vector<HandshakeAttempt> attempts;
};

/// What kubelet would have made of one attempt of a check.
struct JudgedAttempt {
  const protocol::CheckAttempt* attempt = nullptr;
  bool failed = false;
  /// It was answered, but after timeoutSeconds: for kubelet there was no answer.
  bool late = false;
  /// It was ended after timeoutSeconds, as kubelet does: when an answer would have come is unknown.
  bool cut_off = false;
  /// The other side closed or reset it after timeoutSeconds. It may never have got the request.
  bool closed_late = false;
  /// kubelet's prober returned an error and threw the attempt away: a body that did not end in
  /// time, though its headers came.
  bool errored = false;
  Stage stage = Stage::kNone;
  std::int64_t duration_us = 0;  ///< What kubelet's limit is compared with.
};

struct CheckCase {
  const protocol::Check* plan = nullptr;
  std::vector<JudgedAttempt> attempts;
};

/// A probe of the pod with what was tried for it.
struct ProbeCase {
  const model::Probe* probe = nullptr;
  /// Why kubelet can't make the probe at all, in its words: its port is a name that no port of the
  /// container has. "": it can.
  std::string port_error;
  std::string subject;  ///< "container web, readiness probe"
  /// Why attempts of this probe support no finding; "": they do.
  std::string unusable;
  std::vector<const Batch*> batches;
  std::vector<const CheckCase*> checks;
};

/// A way to a Service or to one of its endpoints, with what was tried on it.
struct ServiceCase {
  const model::ServiceWay* way = nullptr;
  std::string subject;   ///< "service default/web, cluster IP 10.96.0.10:80"
  std::string unusable;  ///< As in ProbeCase.
  std::vector<const Batch*> batches;
};

struct Digest {
  const model::Evidence* evidence = nullptr;
  std::map<std::string, Batch> batches;     ///< By id; addresses stay valid.
  std::map<std::string, CheckCase> checks;  ///< By id; addresses stay valid.
  std::vector<ProbeCase> probes;
  std::vector<ServiceCase> services;
  /// Facts that contradict each other; the report can't be trusted.
  std::vector<std::string> contradictions;

  [[nodiscard]] const protocol::ProbeReport& report() const { return evidence->report; }
  /// The namespace that the target's sockets are in.
  [[nodiscard]] protocol::Where target_namespace() const {
    return evidence->pod.host_network ? protocol::Where::kNode : protocol::Where::kPod;
  }
};

/// `evidence` must outlive the digest.
Digest MakeDigest(const model::Evidence& evidence);

/// How much a counter rose while the batches and checks ran; nullopt if this kernel has no such
/// counter or it was not read both times.
std::optional<std::int64_t> CounterRise(const Digest& digest,
                                        protocol::Where where,
                                        const std::string& name);

/// Failed attempts of a ProbeCase or ServiceCase that `predicate` accepts, as claims.
template <typename Case, typename HandshakePredicate>
std::vector<AttemptRef> ClaimHandshakes(const Case& tried, HandshakePredicate predicate) {
  std::vector<AttemptRef> claims;
  for (const Batch* batch : tried.batches) {
    for (const HandshakeAttempt& attempt : batch->attempts) {
      if (attempt.failed() && predicate(attempt)) {
        claims.push_back({attempt.handshake.batch, attempt.handshake.index});
      }
    }
  }
  return claims;
}

template <typename CheckPredicate>
std::vector<AttemptRef> ClaimChecks(const ProbeCase& probe, CheckPredicate predicate) {
  std::vector<AttemptRef> claims;
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& attempt : check->attempts) {
      if (attempt.failed && predicate(attempt)) {
        claims.push_back({attempt.attempt->check, attempt.attempt->index});
      }
    }
  }
  return claims;
}

}  // namespace netcheck::diagnosis
