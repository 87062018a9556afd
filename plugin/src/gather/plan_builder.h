#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gather/port_choice.h"
#include "gather/select_probes.h"
#include "model/evidence.h"
#include "protocol/plan.h"

namespace netcheck::gather {

/// --rate has to be within 1 and this.
inline constexpr int kMaxRate = 20000;

struct PlanOptions {
  std::string id;
  std::uint64_t seed = 0;
  PortChoice ports;
  std::optional<int> rate;           ///< --rate: connections a second.
  std::optional<int> time_limit_ms;  ///< --timeout: of the probe's work.
  std::string user_agent;            ///< Of HTTP checks: protocol::KubeletUserAgent().
};

struct BuiltPlan {
  protocol::Plan plan;
  /// The selected probes, with the ids of the batches and checks that are made for each.
  std::vector<model::Probe> probes;
  std::vector<model::NotSeen> not_seen;
};

/// What the probe is asked to do. Handshakes: without --ports, for each distinct address and port
/// some source ports of the kernel's choice, some spread over the range, and `node_ports` that lie
/// in it; with --ports only those. Checks: one for each HTTP, TCP and kPort probe.
BuiltPlan BuildPlan(const model::Pod& pod,
                    const std::vector<ProbeSpec>& probes,
                    const std::vector<model::NodePort>& node_ports,
                    const PlanOptions& options);

}  // namespace netcheck::gather
