# Writes a source file that defines the constants of manifests.h. Configuring runs again when one of
# the files changes.
function(netcheck_embed_manifests folder output)
  set_property(
    DIRECTORY
    APPEND
    PROPERTY CMAKE_CONFIGURE_DEPENDS ${folder}/probe-pod.yaml ${folder}/rbac.yaml ${folder}/namespace.yaml)
  file(READ ${folder}/probe-pod.yaml probe_pod)
  file(READ ${folder}/rbac.yaml rbac)
  file(READ ${folder}/namespace.yaml namespace)
  file(
    CONFIGURE
    OUTPUT ${output}
    CONTENT "#include \"probe/manifests.h\"

namespace netcheck::probe_pod {

const std::string_view kProbePodManifest = R\"yaml(${probe_pod})yaml\";
const std::string_view kRbacManifest = R\"yaml(${rbac})yaml\";
const std::string_view kNamespaceManifest = R\"yaml(${namespace})yaml\";

}  // namespace netcheck::probe_pod
"
    @ONLY)
endfunction()
