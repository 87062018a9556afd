#pragma once

#include "protocol/plan.h"

namespace netcheck::probe {

/// Does what the plan asks for and writes the facts to `fd`, in the order of PROTOCOL.md.
/// false: nobody read them.
bool RunPlan(const protocol::Plan& plan, int fd);

}  // namespace netcheck::probe
