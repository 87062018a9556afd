#pragma once

#include <string>
#include <vector>

#include "kube/kubeconfig.h"
#include "kube/kubeconfig_file.h"

namespace netcheck::kube {

struct LoadedKubeconfig {
  Kubeconfig merged;
  std::vector<std::string> read;     ///< Paths, by precedence.
  std::vector<std::string> missing;  ///< Looked for and not there.
};

/// --kubeconfig alone, which must be there; else the files of $KUBECONFIG; else ~/.kube/config.
protocol::Result<LoadedKubeconfig> LoadKubeconfig(const std::string& explicit_path,
                                                  const Environment& environment);

}  // namespace netcheck::kube
