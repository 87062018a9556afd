// kubelet can't tell which port the probe means (pkg/probe/util.go, ResolveContainerPort).
#include <fmt/format.h>

#include <algorithm>

#include "diagnosis/rule.h"

namespace netcheck::diagnosis {
namespace {

/// "http (8080), 9090", "none"
std::string DeclaredPorts(const model::Pod& pod, const std::string& container) {
  const auto it = std::find_if(pod.containers.begin(),
                               pod.containers.end(),
                               [&](const auto& candidate) { return candidate.name == container; });
  std::string ports;
  if (it != pod.containers.end()) {
    for (const model::ContainerPort& port : it->ports) {
      ports += ports.empty() ? "" : ", ";
      ports += port.name.empty() ? std::to_string(port.port)
                                 : fmt::format("{} ({})", port.name, port.port);
    }
  }
  return ports.empty() ? "none" : ports;
}

const char* Effect(model::ProbeType type) {
  switch (type) {
    case model::ProbeType::kLiveness:
      return "kubelet never restarts the container for it, however sick it is.";
    case model::ProbeType::kStartup:
      return "The container never counts as started, so its other probes are never made.";
    default:
      return "The container never becomes ready.";
  }
}

}  // namespace

std::vector<Finding> PortName(const Digest& digest) {
  std::vector<Finding> findings;
  for (const ProbeCase& probe : digest.probes) {
    const model::Probe& spec = *probe.probe;
    if (probe.port_error.empty()) {
      continue;
    }
    Finding finding;
    finding.code = "NC-PORT-001";
    finding.certainty = Certainty::kProven;
    finding.subject = probe.subject;
    finding.title =
        fmt::format("The probe's port \"{}\" is none of the container's", spec.port_name);
    finding.evidence.push_back(
        fmt::format("kubelet gives up before it connects: {}.", probe.port_error));
    finding.evidence.push_back(fmt::format("Ports that container {} declares: {}.",
                                           spec.container,
                                           DeclaredPorts(digest.evidence->pod, spec.container)));
    finding.evidence.emplace_back(Effect(spec.type));
    finding.fix.push_back(
        fmt::format("Give the port that container {} listens on the name \"{}\" in its ports, or "
                    "name a declared port or a number in the probe.",
                    spec.container,
                    spec.port_name));
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace netcheck::diagnosis
