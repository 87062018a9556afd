#pragma once

#include <cstdint>
#include <vector>

#include "protocol/plan.h"
#include "protocol/port_range.h"

// Which source ports a batch uses. Pure and deterministic: the same input and seed give the same
// ports in the same order on every machine.
namespace netcheck::probe {

/// What the node says about ports.
struct PortPlanInput {
  /// net.ipv4.ip_local_port_range (it holds for IPv6 too) and ip_local_reserved_ports.
  protocol::PortRange range;
  /// Ports of the node's IPVS services; joined with `PortPlan::ports` (NodePorts) as suspects.
  std::vector<int> ipvs_ports;
  std::uint64_t seed = 0;
};

struct PlannedPorts {
  /// In the order of use; 0: the kernel chooses. Ports of kList are used as given, repeats
  /// included.
  std::vector<std::uint16_t> ports;
  /// kSuspects: suspect ports of the range that `count` left out.
  int suspects_omitted = 0;
};

/// - kKubelet: `count` zeros.
/// - kSpread: one port from each of `count` equal parts of the range (of as many as it has ports),
/// of
///   both parities in turn. Ports that kubelet cannot get, because they are reserved, are left out.
/// - kSuspects: each port of `plan.ports` and `input.ipvs_ports` that kubelet can get, and as
///   controls its nearest neighbour on each side that is no suspect, at most two away. With
///   `count` > 0 at most so many ports: a sample of the suspects, each with its controls.
/// - kSweep: every port of the range, reserved ones included: a bind may use them, and a reserved
///   port that works differs from one that was never tried.
/// - kList: `plan.ports`, as they are.
///
/// Except for kList, the order depends on the seed and keeps neighbouring ports far apart, as far
/// as there are enough ports.
PlannedPorts PlanSourcePorts(const protocol::PortPlan& plan, const PortPlanInput& input);

}  // namespace netcheck::probe
