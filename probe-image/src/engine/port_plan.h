#pragma once

#include <cstdint>
#include <vector>

#include "kernel/port_range.h"
#include "protocol/plan.h"

// Which source ports a batch uses. Pure and deterministic: the same input and seed give the same
// ports in the same order on every machine.
namespace netcheck::probe {

/// What the node says about ports.
struct PortPlanInput {
  /// net.ipv4.ip_local_port_range (it holds for IPv6 too) and ip_local_reserved_ports.
  PortRange range;
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

/// kKubelet: `count` zeros.
/// kSpread: `count` ports (all of the range if it has fewer), one from each of `count` equal parts
/// of
///   the range, of both parities in turn, shuffled.
/// kSuspects: each port of `plan.ports` and `input.ipvs_ports` that kubelet could get (inside the
///   range and not reserved), with its nearest neighbour on each side that is no suspect, at most
///   two away, as controls. With `count` > 0 at most so many ports: a seeded sample of the
///   suspects, each with its controls.
/// kSweep: every port of the range, reserved ones included: a bind may use them, and a reserved
/// port
///   that works differs from one that was never tried.
/// kList: `plan.ports`.
/// Except for kList, neighbouring ports are not used one right after the other.
PlannedPorts PlanSourcePorts(const protocol::PortPlan& plan, const PortPlanInput& input);

}  // namespace netcheck::probe
