#pragma once

#include <optional>
#include <string>

#include "kube/kubeconfig.h"
#include "kube/kubeconfig_file.h"

namespace netcheck::kube {

/// What a pod knows of its cluster: client-go's rest.InClusterConfig().
struct InCluster {
  ClusterEntry cluster;
  UserEntry user;
  std::string namespace_name;  ///< $POD_NAMESPACE, else the service account's.
};

/// nullopt: we don't run in a pod, or it has no service account token.
std::optional<InCluster> FindInCluster(const Environment& environment);

}  // namespace netcheck::kube
