// A kubeconfig.
#include "fuzz/fuzz_target.h"
#include "kube/kubeconfig_file.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netcheck;
  if (const auto file = kube::ParseKubeconfig(fuzz::Text(data, size), "/home/user/.kube/config")) {
    kube::Kubeconfig merged;
    kube::MergeKubeconfig(merged, *file);
    fuzz::Require(merged.clusters.size() == file->clusters.size(),
                  "an empty file gets all of another's");
  }
  return 0;
}
