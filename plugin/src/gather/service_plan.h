#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/evidence.h"
#include "protocol/plan.h"

namespace netcheck::gather {

struct BuiltServicePlan {
  protocol::Plan plan;
  /// What the plan connects to, with the ids of its batches.
  std::vector<model::ServiceWay> ways;
  std::vector<model::NotSeen> not_seen;
};

/// Handshakes from the node to each cluster IP and port, to the node's own address for each
/// NodePort, and to at most 20 ready endpoints, those of other nodes and of this one alike.
BuiltServicePlan BuildServicePlan(const model::ServiceTarget& service,
                                  const model::Node& node,
                                  const std::string& id,
                                  std::uint64_t seed,
                                  std::optional<int> time_limit_ms);

}  // namespace netcheck::gather
