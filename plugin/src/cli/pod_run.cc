#include "cli/pod_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "gather/access.h"
#include "gather/admission.h"
#include "gather/decode_pod.h"
#include "gather/find_target.h"
#include "gather/plan_builder.h"
#include "gather/select_probes.h"
#include "gather/surroundings.h"
#include "kube/requests.h"
#include "os/os.h"
#include "probe/cleanup.h"
#include "probe/life_cycle.h"
#include "probe/pod_spec.h"
#include "protocol/v1_probe.h"
#include "protocol/version.h"

namespace netcheck::cli {
namespace {

std::uint64_t RandomNumber() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32U) | device();
}

/// Unique enough for a pod's name, and short.
std::string RandomId() {
  constexpr char kAlphabet[] = "bcdfghjklmnpqrstvwxz2456789";
  std::string id;
  for (std::uint64_t number = RandomNumber(); id.size() < 8; number /= sizeof kAlphabet - 1) {
    id += kAlphabet[number % (sizeof kAlphabet - 1)];
  }
  return id;
}

std::int64_t UnixTime() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// The plan as evidence keeps it: what a user's headers say stays out of saved reports.
protocol::Plan WithoutHeaderValues(protocol::Plan plan) {
  for (protocol::Check& check : plan.checks) {
    for (protocol::Header& header : check.http.headers) {
      header.value.clear();
    }
  }
  return plan;
}

/// Whoever limits the checks does not want to wait longer than that for them to begin either.
int StartLimitSeconds(const PodOptions& options) {
  const int limit_ms = options.time_limit_ms.value_or(probe_pod::kStartLimitSeconds * 1000);
  return std::clamp(limit_ms / 1000, 1, probe_pod::kStartLimitSeconds);
}

class Collector {
 public:
  Collector(const PodOptions& options, const Cluster& cluster, probe_pod::Observer& observer)
      : options_(options), cluster_(cluster), api_(cluster.api), observer_(observer) {}

  LiveEvidence Collect() {
    if (Look() && Prepare()) {
      Run();
    }
    return std::move(live_);
  }

 private:
  bool Look();
  bool Prepare();
  bool CheckRights();
  void Run();
  void LookAgain();
  std::string DescribeForbidden(const std::string& message);

  bool Fail(std::string problem) {
    live_.problem = std::move(problem);
    return false;
  }

  const PodOptions& options_;
  const Cluster& cluster_;
  kube::Api& api_;
  probe_pod::Observer& observer_;
  LiveEvidence live_;
  std::string probe_namespace_;
  protocol::Json pod_;
};

/// Reads the target, and plans what to do there.
bool Collector::Look() {
  observer_.Step(fmt::format("reading pod {}/{}", cluster_.default_namespace, options_.pod));
  model::Evidence& evidence = live_.evidence;
  evidence.netcheck_version = protocol::kNetcheckVersion;
  evidence.collected_at = os::Now();
  const auto target = gather::FindTarget(api_, cluster_.default_namespace, options_.pod);
  if (!target) {
    return Fail(target.error().forbidden ? DescribeForbidden(target.error().message)
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

/// Where not even the target can be read: everything that is missing, at once.
std::string Collector::DescribeForbidden(const std::string& message) {
  const auto probe_namespace = options_.probe_namespace.empty()
                                   ? gather::ChooseProbeNamespace(api_, cluster_.default_namespace)
                                   : kube::ApiResult<std::string>(options_.probe_namespace);
  if (probe_namespace) {
    const auto missing = gather::MissingRights(
        api_, gather::NeededRights(cluster_.default_namespace, *probe_namespace));
    if (missing && !missing->empty()) {
      return gather::DescribeMissing(*missing);
    }
  }
  return message;
}

bool Collector::CheckRights() {
  const auto missing = gather::MissingRights(
      api_, gather::NeededRights(live_.evidence.pod.namespace_name, probe_namespace_));
  if (missing && !missing->empty()) {
    return Fail(gather::DescribeMissing(*missing));
  }
  // A server that does not answer the question answers the requests themselves.
  return missing || missing.error().failure == kube::Failure::kForbidden ||
         Fail(missing.error().message);
}

/// Makes sure that the probe pod can be run before anything is done.
bool Collector::Prepare() {
  const model::Evidence& evidence = live_.evidence;
  probe_namespace_ = options_.probe_namespace;
  if (probe_namespace_.empty()) {
    auto chosen = gather::ChooseProbeNamespace(api_, evidence.pod.namespace_name);
    if (!chosen) {
      return Fail(chosen.error().message);
    }
    probe_namespace_ = *std::move(chosen);
  }
  if (!CheckRights()) {
    return false;
  }
  auto pod = probe_pod::BuildProbePod(
      {probe_namespace_, evidence.pod.node, options_.image, StartLimitSeconds(options_)},
      evidence.plan);
  if (!pod) {
    return Fail(pod.error().message);
  }
  pod_ = *std::move(pod);
  if (std::string why = gather::WhyRejected(api_, pod_); !why.empty()) {
    return Fail(std::move(why));
  }
  for (const std::string& problem :
       probe_pod::RemoveStaleProbePods(api_, probe_namespace_, UnixTime())) {
    observer_.Warning(problem);
  }
  return true;
}

void Collector::Run() {
  probe_pod::RunOutcome outcome =
      probe_pod::RunProbe(api_, pod_, std::chrono::seconds(StartLimitSeconds(options_)), observer_);
  if (!outcome.leftover.empty()) {
    observer_.Warning(outcome.leftover);
  }
  model::Evidence& evidence = live_.evidence;
  evidence.plan = WithoutHeaderValues(std::move(evidence.plan));
  evidence.report = std::move(outcome.report);
  live_.problem = std::move(outcome.problem);
  const auto& hello = evidence.report.hello;
  if (outcome.interrupted) {
    return;
  }
  if (!hello) {
    if (live_.problem.empty()) {
      live_.problem = "the probe's report lacks its beginning";
    }
    return;
  }
  if (hello->protocol_version > protocol::kProtocolVersion) {
    live_.problem = fmt::format(
        "the probe in image {} is version {}, newer than this plugin ({}), which can't read its "
        "report: update the plugin, or name an older image with --image",
        options_.image,
        hello->probe_version,
        protocol::kNetcheckVersion);
    return;
  }
  if (hello->probe_version != protocol::kNetcheckVersion) {
    observer_.Warning(fmt::format("the probe in image {} is version {}, this plugin is {}",
                                  options_.image,
                                  hello->probe_version,
                                  protocol::kNetcheckVersion));
  }
  live_.usable = true;
  LookAgain();
  gather::ReadNeighbours(api_, evidence);
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
