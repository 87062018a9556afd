#pragma once

#include <string>

#include "kube/kubeconfig.h"
#include "kube/kubeconfig_load.h"

namespace netcheck::kube {

/// The cluster and the user that flags and current-context lead to.
struct Selection {
  std::string context_name;
  std::string user_name;
  std::string namespace_name;
  ClusterEntry cluster;  ///< Without a server where nothing names one.
  UserEntry user;
};

/// A name that isn't defined is an error that tells the known ones.
protocol::Result<Selection> Select(const ConnectionFlags& flags, const Kubeconfig& config);

/// Why there is no server address. kubectl would go to localhost:8080; nobody ever means that.
protocol::Error NoServer(const LoadedKubeconfig& loaded, const Selection& selection);

/// The flags that replace single fields, by client-go's rules.
void OverrideCluster(const ConnectionFlags& flags, ClusterEntry& cluster);
protocol::Result<void> OverrideUser(const ConnectionFlags& flags, UserEntry& user);

}  // namespace netcheck::kube
