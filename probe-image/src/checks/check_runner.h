#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "checks/patience.h"
#include "engine/address.h"
#include "engine/clock.h"
#include "protocol/facts.h"
#include "protocol/plan.h"

namespace netcheck::probe {

struct CheckContext {
  const ProbeClock& clock;
  int pod_netns_fd = -1;  ///< For the taps; -1: not known, or the probe's own.
  StopHook stop;          ///< Asked at most 50 ms apart.
  std::function<void(protocol::CheckAttempt)> emit;  ///< As soon as each attempt ended.
  /// Of a check whose attempts can't be made, once, with the reason.
  std::function<void(const std::string& reason)> not_made;
  std::vector<protocol::ContainerProcess> containers = {};  ///< For commands.
  /// Looks for the target's socket of a connection; nullopt: it is not known. May be empty.
  std::function<std::optional<protocol::ServerSocket>(const Endpoint& server,
                                                      const Endpoint& client)>
      find_server_socket = {};
};

/// Makes the attempts of a check, one at a time, until all are made, the budget is used up or the
/// hook says stop. After one that took longer than timeout_ms, one is ended at timeout_ms as
/// kubelet ends it. An attempt that the hook cut off is not reported.
void RunCheck(const protocol::Check& check, const CheckContext& context);

}  // namespace netcheck::probe
