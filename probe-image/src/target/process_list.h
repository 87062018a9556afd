#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/result.h"

namespace netcheck::probe {

/// The numbers of all processes that `proc_root` shows. Fails when it can't be listed.
protocol::Result<std::vector<std::int64_t>> ListProcesses(const std::string& proc_root);

}  // namespace netcheck::probe
