#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kube/api.h"

namespace netcheck::probe_pod {

/// A probe pod of any run, found by its labels.
struct ProbePod {
  std::string namespace_name;
  std::string name;
  std::string node;
  std::string phase;  ///< "Pending", "Running", "Succeeded", "Failed"
  /// It has finished, or it should have by its own deadline: no run needs it any more.
  bool stale = false;
};

/// The probe pods of one namespace, or of all of them when it is "". `now`: seconds since 1970.
kube::ApiResult<std::vector<ProbePod>> ListProbePods(kube::Api& api,
                                                     const std::string& namespace_name,
                                                     std::int64_t now);

/// Removes what runs that were killed left behind; a running probe of somebody else stays. Returns
/// what went wrong, one sentence each.
std::vector<std::string> RemoveStaleProbePods(kube::Api& api,
                                              const std::string& namespace_name,
                                              std::int64_t now);

}  // namespace netcheck::probe_pod
