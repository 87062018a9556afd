#pragma once

#include <string>

#include "kube/api.h"

namespace netcheck::gather {

/// Where probe pods are expected to be admitted (manifests/namespace.yaml).
inline constexpr const char* kProbeNamespace = "netcheck";

/// The namespace for probe pods when the user names none: kProbeNamespace where it exists, else the
/// target's own.
kube::ApiResult<std::string> ChooseProbeNamespace(kube::Api& api,
                                                  const std::string& target_namespace);

/// Asks the API server by a dry run whether it would take the pod. "": it would, or it can't say;
/// otherwise who rejects it and what helps, as one sentence.
std::string WhyRejected(kube::Api& api, const protocol::Json& pod);

}  // namespace netcheck::gather
