#pragma once

#include <string>
#include <vector>

#include "kube/api.h"

namespace netcheck::gather {

/// One right in the terms of RBAC.
struct Right {
  std::string verb;
  std::string resource;  ///< "pods", "pods/log"
  std::string namespace_name;
};

/// What a run can't do without: reading the target ("pods", "services"), and running the probe
/// pod.
std::vector<Right> NeededRights(const std::string& target_resource,
                                const std::string& target_namespace,
                                const std::string& probe_namespace);

/// Those that the user lacks, by SelfSubjectAccessReview. Where that can't be asked nothing is
/// reported: the requests themselves will tell.
kube::ApiResult<std::vector<Right>> MissingRights(kube::Api& api, const std::vector<Right>& rights);

/// "your user lacks rights: get pods/log in namespace a; create, get and watch pods in ..."
std::string DescribeMissing(const std::vector<Right>& missing);

}  // namespace netcheck::gather
