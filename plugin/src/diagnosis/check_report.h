#pragma once

#include <vector>

#include "diagnosis/digest.h"

namespace netcheck::diagnosis {

/// What was tried for each probe, attempt by attempt. A batch that serves several probes of one
/// port is reported once, under all their names.
std::vector<CheckReport> CheckReports(const Digest& digest);

}  // namespace netcheck::diagnosis
