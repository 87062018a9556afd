#include <fmt/format.h>

#include <chrono>
#include <set>
#include <utility>

#include "cli/commands.h"
#include "gather/admission.h"
#include "probe/cleanup.h"
#include "probe/deletion.h"

namespace netcheck::cli {
namespace {

using Pods = std::vector<probe_pod::ProbePod>;

std::int64_t UnixTime() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// The probe pods where the user may look: everywhere, or else in the usual namespaces.
kube::ApiResult<Pods> FindPods(const CleanupOptions& options, const Cluster& cluster) {
  auto pods = probe_pod::ListProbePods(cluster.api, options.probe_namespace, UnixTime());
  if (pods || !options.probe_namespace.empty() ||
      pods.error().failure != kube::Failure::kForbidden) {
    return pods;
  }
  Pods found;
  bool looked = false;
  for (const std::string& name :
       std::set<std::string>{gather::kProbeNamespace, cluster.default_namespace}) {
    auto some = probe_pod::ListProbePods(cluster.api, name, UnixTime());
    if (some) {
      looked = true;
      found.insert(found.end(), some->begin(), some->end());
    }
  }
  if (!looked) {
    return pods;
  }
  return found;
}

}  // namespace

int RunCleanupCommand(const CleanupOptions& options, const Cluster& cluster, Console& console) {
  const auto pods = FindPods(options, cluster);
  if (!pods) {
    return console.Fail(pods.error().message);
  }
  int exit_code = kExitHealthy;
  for (const probe_pod::ProbePod& pod : *pods) {
    const auto knowledge = pod.phase == "Succeeded" || pod.phase == "Failed"
                               ? probe_pod::PodKnowledge::kEnded
                               : probe_pod::PodKnowledge::kRuns;
    const std::string problem =
        probe_pod::DeleteProbePod(cluster.api, pod.namespace_name, pod.name, knowledge);
    if (!problem.empty()) {
      exit_code = console.Fail(problem);
      continue;
    }
    console.out << fmt::format("pod \"{}\" ({}, on {}) deleted from namespace {}\n",
                               pod.name,
                               pod.phase,
                               pod.node,
                               pod.namespace_name);
  }
  if (pods->empty()) {
    console.out << "no probe pods found\n";
  }
  console.out << std::flush;
  return exit_code;
}

}  // namespace netcheck::cli
