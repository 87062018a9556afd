#include "cli/service_run.h"

#include <fmt/format.h>

#include <utility>

#include "gather/find_service.h"
#include "gather/service_plan.h"
#include "os/os.h"
#include "protocol/version.h"

namespace netcheck::cli {
namespace {

/// Reads the Service and plans what to do on which node. "": done.
std::string Look(const ServiceOptions& options,
                 const Cluster& cluster,
                 ProbeRun& run,
                 model::Evidence& evidence) {
  evidence.netcheck_version = protocol::kNetcheckVersion;
  evidence.collected_at = os::Now();
  auto found = gather::FindService(cluster.api, cluster.default_namespace, options.service);
  if (!found) {
    const std::string& message = found.error().message;
    return found.error().forbidden
               ? run.DescribeForbidden({"services", cluster.default_namespace}, message)
               : message;
  }
  evidence.server_version = found->server_version;
  evidence.node = std::move(found->node);
  evidence.not_seen = std::move(found->not_seen);
  gather::BuiltServicePlan built = gather::BuildServicePlan(
      found->service, evidence.node, RandomId(), RandomNumber(), options.time_limit_ms);
  evidence.plan = std::move(built.plan);
  evidence.not_seen.insert(evidence.not_seen.end(), built.not_seen.begin(), built.not_seen.end());
  found->service.ways = std::move(built.ways);
  found->service.endpoints_after = found->service.endpoints;
  evidence.service_target = std::move(found->service);
  return "";
}

/// Endpoints that came or went while the probe ran are seen by comparing before and after.
void LookAgain(const Cluster& cluster, model::Evidence& evidence) {
  model::ServiceTarget& service = *evidence.service_target;
  if (!service.endpoints_known) {
    return;
  }
  if (auto endpoints = gather::ReadEndpointsNow(cluster.api, service)) {
    service.endpoints_after = *std::move(endpoints);
  } else {
    evidence.not_seen.push_back({fmt::format("endpoints of {} after the run", service.name),
                                 endpoints.error().message,
                                 "whether they changed meanwhile"});
  }
}

}  // namespace

LiveEvidence CollectEvidence(const ServiceOptions& options,
                             const Cluster& cluster,
                             probe_pod::Observer& observer) {
  observer.Step(
      fmt::format("reading service {}/{}", cluster.default_namespace, options.service.name));
  LiveEvidence live;
  ProbeRun run(options, cluster, observer, live);
  live.evidence.problem = Look(options, cluster, run, live.evidence);
  if (live.evidence.problem.empty() &&
      run.Prepare({"services", cluster.default_namespace}, live.evidence.node.name)) {
    run.Run();
    if (live.usable) {
      LookAgain(cluster, live.evidence);
    }
  }
  return live;
}

}  // namespace netcheck::cli
