#include "gather/admission.h"

#include <fmt/format.h>

#include "kube/requests.h"
#include "protocol/json_fields.h"

namespace netcheck::gather {
namespace {

using kube::Failure;

bool Contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

kube::ApiResult<std::string> ChooseProbeNamespace(kube::Api& api,
                                                  const std::string& target_namespace) {
  const auto found = api.Call(kube::Get(kube::NamespacePath(kProbeNamespace)));
  if (found) {
    return std::string(kProbeNamespace);
  }
  const Failure failure = found.error().failure;
  if (failure == Failure::kNotFound || failure == Failure::kForbidden) {
    return target_namespace;
  }
  return found.error();
}

std::string WhyRejected(kube::Api& api, const protocol::Json& pod) {
  const std::string name = protocol::GetString(protocol::GetObject(pod, "metadata"), "namespace");
  const auto created = api.Call(kube::Create(kube::PodsPath(name), pod, {{"dryRun", "All"}}));
  if (created) {
    return "";
  }
  const std::string& message = created.error().message;
  const Failure failure = created.error().failure;
  if (Contains(message, "does not support dry run")) {
    return "";
  }
  if (failure == Failure::kNotFound) {
    return fmt::format(
        "namespace \"{}\" for the probe pod does not exist; `kubectl netcheck manifests | kubectl "
        "apply -f -` makes one that netcheck uses by itself",
        name);
  }
  if (Contains(message, "violates PodSecurity")) {
    return fmt::format(
        "PodSecurity does not admit the privileged probe pod in namespace {0}: {1}; make a "
        "namespace for it with `kubectl netcheck manifests | kubectl apply -f -`, name another one "
        "with --namespace-for-probe, or allow it here with `kubectl label namespace {0} "
        "pod-security.kubernetes.io/enforce=privileged`",
        name,
        message);
  }
  if (Contains(message, "admission webhook")) {
    return fmt::format(
        "a webhook of the cluster rejects the probe pod in namespace {}: {}; exempt it there, or "
        "name another namespace with --namespace-for-probe",
        name,
        message);
  }
  if (failure != Failure::kForbidden && failure != Failure::kInvalid &&
      failure != Failure::kConflict) {
    return message;
  }
  return fmt::format("the probe pod is rejected in namespace {}: {}", name, message);
}

}  // namespace netcheck::gather
