#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/plan.h"

// What the plans for all kinds of targets have in common. Pure.
namespace netcheck::gather {

/// A plan of this version that does nothing yet.
protocol::Plan NewPlan(const std::string& id, std::uint64_t seed);

/// "10.0.0.5:8080/kubelet", "[fd00::5]:8080/kubelet"
std::string BatchId(const std::string& address, int port, protocol::PortPlanKind ports);

/// Sets the deadline to what the finished plan can take at most, or to the user's limit if that is
/// less.
void SetDeadline(std::optional<int> time_limit_ms, protocol::Plan& plan);

}  // namespace netcheck::gather
