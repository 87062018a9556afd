#include <chrono>

#include "checks/attempt.h"
#include "checks/connect_host.h"

namespace netcheck::probe {

AttemptOutcome AttemptTcp(const protocol::Check& check, const AttemptContext& context) {
  AttemptOutcome outcome;
  protocol::CheckAttempt& fact = outcome.fact;
  fact.start_us = context.clock.NowUs();
  const Patience patience{
      std::chrono::steady_clock::now() + std::chrono::milliseconds(check.patience_ms),
      context.stop};
  const HostConnection connection = ConnectToHost(check.address,
                                                  static_cast<std::uint16_t>(check.port),
                                                  patience.AtMost(ConnectLimit(check)),
                                                  FirstDial(check, context));
  fact.total_us = context.clock.NowUs() - fact.start_us;
  fact.source_address = FormatIpAddress(connection.local.address);
  fact.source_port = connection.local.port;
  fact.connect_result = connection.result;
  fact.output = connection.error;
  outcome.stopped = connection.stopped;
  if (connection.stream != nullptr) {
    fact.connect_us = fact.total_us;
    fact.phase = protocol::CheckPhase::kDone;
    fact.result = "success";
  } else {
    fact.phase =
        connection.resolved ? protocol::CheckPhase::kConnect : protocol::CheckPhase::kResolve;
    fact.result = "failure";
  }
  return outcome;
}

}  // namespace netcheck::probe
