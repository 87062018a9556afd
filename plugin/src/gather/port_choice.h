#pragma once

#include <string>
#include <vector>

#include "protocol/plan.h"
#include "protocol/result.h"

namespace netcheck::gather {

/// --ports: which source ports the user wants.
struct PortChoice {
  protocol::PortPlanKind kind = protocol::PortPlanKind::kUnknown;  ///< kUnknown: the default mix.
  std::vector<int> list;                                           ///< Of kList, no repeats.
};

/// "kubelet", "spread", "suspects", "sweep", or a list such as "40000,40002,41000-41100"; "" is the
/// default mix.
protocol::Result<PortChoice> ParsePortChoice(const std::string& text);

}  // namespace netcheck::gather
