#include "kube/in_cluster.h"

#include "kube/url.h"

namespace netcheck::kube {
namespace {

constexpr const char* kTokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token";
constexpr const char* kCaFile = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";
constexpr const char* kNamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

std::string Namespace(const Environment& environment) {
  std::string chosen = environment.variable("POD_NAMESPACE").value_or("");
  if (!chosen.empty()) {
    return chosen;
  }
  const auto file = environment.read_file(kNamespaceFile);
  if (!file) {
    return {};
  }
  return file->substr(0, file->find_last_not_of(" \t\r\n") + 1);
}

}  // namespace

std::optional<InCluster> FindInCluster(const Environment& environment) {
  const std::string host = environment.variable("KUBERNETES_SERVICE_HOST").value_or("");
  const std::string port = environment.variable("KUBERNETES_SERVICE_PORT").value_or("");
  if (host.empty() || port.empty() || !environment.read_file(kTokenFile)) {
    return std::nullopt;
  }
  InCluster found;
  found.cluster.server = "https://" + Url{"", host, port, ""}.Authority();
  if (environment.read_file(kCaFile)) {
    found.cluster.certificate_authority.path = kCaFile;
  }
  found.user.token_file = kTokenFile;
  found.namespace_name = Namespace(environment);
  return found;
}

}  // namespace netcheck::kube
