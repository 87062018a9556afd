#pragma once

#include <string>

#include "protocol/json_fwd.h"
#include "protocol/plan.h"
#include "protocol/result.h"

namespace netcheck::probe_pod {

/// Every probe pod carries these two labels and no other pod does; cleanup selects by them.
inline constexpr const char* kNameLabel = "app.kubernetes.io/name";
inline constexpr const char* kNameLabelValue = "netcheck-probe";
inline constexpr const char* kManagedByLabel = "app.kubernetes.io/managed-by";
inline constexpr const char* kManagedByLabelValue = "kubectl-netcheck";
/// The plan's id.
inline constexpr const char* kRunLabel = "netcheck/run";
inline constexpr const char* kContainerName = "probe";

/// Time that a node usually gets to pull the image and to start the pod.
inline constexpr int kStartLimitSeconds = 60;

/// What differs from run to run.
struct PodOptions {
  std::string namespace_name;
  std::string node;
  std::string image;
  int start_limit_s = kStartLimitSeconds;
};

/// manifests/probe-pod.yaml filled in: named after the plan, bound to the node without the
/// scheduler, and ended by kubelet when start limit and the plan's deadline have passed.
/// Fails when the plan is too long for one argument (MAX_ARG_STRLEN in
/// include/uapi/linux/binfmts.h).
protocol::Result<protocol::Json> BuildProbePod(const PodOptions& options,
                                               const protocol::Plan& plan);

}  // namespace netcheck::probe_pod
