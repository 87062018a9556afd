#include "cli/pod_run.h"

#include <fmt/format.h>

#include <utility>

#include "gather/decode_pod.h"
#include "gather/find_target.h"
#include "gather/plan_builder.h"
#include "gather/select_probes.h"
#include "gather/surroundings.h"
#include "kube/requests.h"
#include "os/os.h"
#include "protocol/v1_probe.h"
#include "protocol/version.h"

namespace netcheck::cli {
namespace {

class Collector {
 public:
  Collector(const PodOptions& options, const Cluster& cluster, probe_pod::Observer& observer)
      : options_(options),
        cluster_(cluster),
        api_(cluster.api),
        observer_(observer),
        target_{"pods", cluster.default_namespace},
        run_(options, cluster, observer, live_) {}

  LiveEvidence Collect() {
    if (Look() && run_.Prepare(target_, live_.evidence.pod.node)) {
      run_.Run();
      if (live_.usable) {
        LookAgain();
        gather::ReadNeighbours(api_, live_.evidence);
      }
    }
    return std::move(live_);
  }

 private:
  bool Look();
  void LookAgain();

  bool Fail(std::string problem) {
    live_.evidence.problem = std::move(problem);
    return false;
  }

  const PodOptions& options_;
  const Cluster& cluster_;
  kube::Api& api_;
  probe_pod::Observer& observer_;
  RunTarget target_;
  LiveEvidence live_;
  ProbeRun run_;
};

/// Reads the target, and plans what to do there.
bool Collector::Look() {
  observer_.Step(fmt::format("reading pod {}/{}", cluster_.default_namespace, options_.pod));
  model::Evidence& evidence = live_.evidence;
  evidence.netcheck_version = protocol::kNetcheckVersion;
  evidence.collected_at = os::Now();
  const auto target = gather::FindTarget(api_, cluster_.default_namespace, options_.pod);
  if (!target) {
    return Fail(target.error().forbidden ? run_.DescribeForbidden(target_, target.error().message)
                                         : target.error().message);
  }
  const auto selection = gather::SelectProbes(*target, options_.filter);
  if (!selection) {
    return Fail(selection.error().message);
  }
  evidence.pod = target->pod;
  evidence.pod_after = target->pod;
  evidence.node = target->node;
  evidence.not_seen = target->not_seen;
  const auto add_not_seen = [&](const std::vector<model::NotSeen>& entries) {
    evidence.not_seen.insert(evidence.not_seen.end(), entries.begin(), entries.end());
  };
  add_not_seen(selection->not_seen);
  gather::ReadSurroundings(api_, *target, evidence);
  const std::string& version = evidence.node.kubelet_version.empty()
                                   ? evidence.server_version
                                   : evidence.node.kubelet_version;
  gather::BuiltPlan built = gather::BuildPlan(evidence.pod,
                                              selection->probes,
                                              evidence.node_ports,
                                              {RandomId(),
                                               RandomNumber(),
                                               options_.ports,
                                               options_.rate,
                                               options_.time_limit_ms,
                                               protocol::KubeletUserAgent(version)});
  evidence.plan = std::move(built.plan);
  evidence.probes = std::move(built.probes);
  add_not_seen(built.not_seen);
  return true;
}

/// Restarts while the probe ran are seen by comparing before and after.
void Collector::LookAgain() {
  model::Evidence& evidence = live_.evidence;
  const auto pod =
      api_.Call(kube::Get(kube::PodPath(evidence.pod.namespace_name, evidence.pod.name)));
  if (pod) {
    evidence.pod_after = gather::DecodePod(*pod);
    return;
  }
  if (pod.error().failure == kube::Failure::kNotFound) {
    evidence.pod_after.uid.clear();
  }
  evidence.not_seen.push_back({fmt::format("pod {} after the run", evidence.pod.name),
                               pod.error().message,
                               "whether it was restarted or deleted meanwhile"});
}

}  // namespace

LiveEvidence CollectEvidence(const PodOptions& options,
                             const Cluster& cluster,
                             probe_pod::Observer& observer) {
  return Collector(options, cluster, observer).Collect();
}

}  // namespace netcheck::cli
