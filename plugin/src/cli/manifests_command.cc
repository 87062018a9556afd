#include "cli/commands.h"
#include "probe/manifests.h"

namespace netcheck::cli {

int RunManifestsCommand(Console& console) {
  console.out << probe_pod::kNamespaceManifest << "---\n" << probe_pod::kRbacManifest << std::flush;
  return kExitHealthy;
}

}  // namespace netcheck::cli
