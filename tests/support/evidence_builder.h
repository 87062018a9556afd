#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "model/evidence.h"

// Synthetic evidence for the tests of diagnosis and output: a healthy pod, changed step by step
// into the case under test. Everything in it is something a live run could have gathered.
namespace netcheck::test {

/// What each handshake of a batch met.
struct HandshakeOutcome {
  int result = 0;
  std::uint32_t seen = 0;
};

/// Bits of a handshake that both taps saw in full.
inline constexpr std::uint32_t kSeenAll = protocol::kSeenNodeSyn | protocol::kSeenPodSyn |
                                          protocol::kSeenPodSynAck | protocol::kSeenNodeSynAck;

class EvidenceBuilder {
 public:
  /// Pod default/web on node-a, 10.244.0.5, container web running, HTTP readiness probe on 8080.
  EvidenceBuilder();

  model::Evidence& evidence() { return evidence_; }
  [[nodiscard]] model::Evidence Build() const { return evidence_; }

  /// Batch "h0" for the probe: `count` handshakes from port 40000 upwards in steps of 2.
  EvidenceBuilder& Handshakes(int count, HandshakeOutcome outcome);
  /// One more handshake of batch "h0", from this source port.
  EvidenceBuilder& Handshake(int source_port, HandshakeOutcome outcome);
  /// An attempt of check "c0" for the probe.
  EvidenceBuilder& Check(const protocol::CheckAttempt& attempt);
  EvidenceBuilder& HttpAnswer(int status, std::int64_t total_us);
  /// Listeners of the pod's namespace, before and after.
  EvidenceBuilder& Listeners(const std::vector<protocol::Listener>& listeners);
  /// A counter of one namespace, before and after.
  EvidenceBuilder& Counter(protocol::Where where,
                           const std::string& name,
                           std::int64_t before,
                           std::int64_t after);
  /// The conntrack table of one namespace, at the three moments; `stats` after, zero before.
  EvidenceBuilder& Conntrack(protocol::Where where,
                             std::array<std::int64_t, 3> counts,
                             std::int64_t max,
                             const std::map<std::string, std::int64_t>& stats);
  EvidenceBuilder& NodeSysctl(const std::string& name, const std::string& value);
  EvidenceBuilder& IpvsService(const std::string& address, int port);
  /// The taps were not open, so no absence can be believed.
  EvidenceBuilder& WithoutTaps();

 private:
  protocol::BatchEnd& End();

  model::Evidence evidence_;
};

protocol::CheckAttempt RefusedCheck();

}  // namespace netcheck::test
