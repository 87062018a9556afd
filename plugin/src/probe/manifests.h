#pragma once

#include <string_view>

// The files of manifests/, embedded at build time (embed_manifests.cmake).
namespace netcheck::probe_pod {

extern const std::string_view kProbePodManifest;   ///< manifests/probe-pod.yaml
extern const std::string_view kRbacManifest;       ///< manifests/rbac.yaml
extern const std::string_view kNamespaceManifest;  ///< manifests/namespace.yaml

}  // namespace netcheck::probe_pod
