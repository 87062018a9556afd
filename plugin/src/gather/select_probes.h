#pragma once

#include <string>
#include <vector>

#include "gather/find_target.h"
#include "model/evidence.h"
#include "protocol/result.h"

namespace netcheck::gather {

struct ProbeFilter {
  std::string container;                               ///< --container; "": all.
  model::ProbeType type = model::ProbeType::kUnknown;  ///< --probe; kUnknown: all.
};

struct Selection {
  /// Those asked for, the ones that can't be checked included.
  std::vector<ProbeSpec> probes;
  std::vector<model::NotSeen> not_seen;
};

/// Whether this version can check the probe at all: not exec, and its port is known.
bool IsCheckable(const model::Probe& probe);

/// The probes to look at. Where none can be checked, the declared TCP ports of the containers take
/// their place (ProbeKind::kPort) and not_seen says so. Fails when nothing is left to check.
protocol::Result<Selection> SelectProbes(const Target& target, const ProbeFilter& filter);

}  // namespace netcheck::gather
