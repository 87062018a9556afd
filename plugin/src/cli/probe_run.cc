#include "cli/probe_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "gather/access.h"
#include "gather/admission.h"
#include "probe/cleanup.h"
#include "probe/life_cycle.h"
#include "probe/pod_spec.h"
#include "protocol/version.h"

namespace netcheck::cli {
namespace {

std::int64_t UnixTime() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// The plan as evidence keeps it: what a user's headers say, and what variables in a command stand
/// for, stays out of reports.
void RemoveSecrets(model::Evidence& evidence) {
  for (protocol::Check& check : evidence.plan.checks) {
    for (protocol::Header& header : check.http.headers) {
      header.value.clear();
    }
    for (const model::Probe& probe : evidence.probes) {
      const auto& ids = probe.check_ids;
      if (std::find(ids.begin(), ids.end(), check.id) != ids.end()) {
        check.exec.command = probe.command;
      }
    }
  }
}

/// Whoever limits the checks does not want to wait longer than that for them to begin either.
int StartLimitSeconds(const RunOptions& options) {
  const int limit_ms = options.time_limit_ms.value_or(probe_pod::kStartLimitSeconds * 1000);
  return std::clamp(limit_ms / 1000, 1, probe_pod::kStartLimitSeconds);
}

}  // namespace

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

bool ProbeRun::Fail(std::string problem) {
  live_.evidence.problem = std::move(problem);
  return false;
}

std::string ProbeRun::DescribeForbidden(const RunTarget& target, const std::string& message) {
  const auto probe_namespace = options_.probe_namespace.empty()
                                   ? gather::ChooseProbeNamespace(api_, target.namespace_name)
                                   : kube::ApiResult<std::string>(options_.probe_namespace);
  if (probe_namespace) {
    const auto missing = gather::MissingRights(
        api_, gather::NeededRights(target.resource, target.namespace_name, *probe_namespace));
    if (missing && !missing->empty()) {
      return gather::DescribeMissing(*missing);
    }
  }
  return message;
}

bool ProbeRun::CheckRights(const RunTarget& target) {
  const auto missing = gather::MissingRights(
      api_, gather::NeededRights(target.resource, target.namespace_name, probe_namespace_));
  if (missing && !missing->empty()) {
    return Fail(gather::DescribeMissing(*missing));
  }
  // A server that does not answer the question answers the requests themselves.
  return missing || missing.error().failure == kube::Failure::kForbidden ||
         Fail(missing.error().message);
}

bool ProbeRun::Prepare(const RunTarget& target, const std::string& node) {
  probe_namespace_ = options_.probe_namespace;
  if (probe_namespace_.empty()) {
    auto chosen = gather::ChooseProbeNamespace(api_, target.namespace_name);
    if (!chosen) {
      return Fail(chosen.error().message);
    }
    probe_namespace_ = *std::move(chosen);
  }
  if (!CheckRights(target)) {
    return false;
  }
  auto pod = probe_pod::BuildProbePod(
      {probe_namespace_, node, options_.image, StartLimitSeconds(options_)}, live_.evidence.plan);
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

void ProbeRun::Run() {
  probe_pod::RunOutcome outcome =
      probe_pod::RunProbe(api_, pod_, std::chrono::seconds(StartLimitSeconds(options_)), observer_);
  if (!outcome.leftover.empty()) {
    observer_.Warning(outcome.leftover);
  }
  model::Evidence& evidence = live_.evidence;
  RemoveSecrets(evidence);
  evidence.report = std::move(outcome.report);
  live_.evidence.problem = std::move(outcome.problem);
  const auto& hello = evidence.report.hello;
  if (outcome.interrupted) {
    return;
  }
  if (!hello) {
    if (live_.evidence.problem.empty()) {
      live_.evidence.problem = "the probe's report lacks its beginning";
    }
    return;
  }
  if (hello->protocol_version > protocol::kProtocolVersion) {
    live_.evidence.problem = fmt::format(
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
}

}  // namespace netcheck::cli
