#include "gather/select_probes.h"

#include <fmt/format.h>

#include <algorithm>

namespace netcheck::gather {
namespace {

using model::Name;
using model::ProbeKind;
using model::ProbeType;

std::string Describe(const model::Probe& probe) {
  return fmt::format("{} probe of container {}", Name(probe.type), probe.container);
}

std::string ContainerNames(const model::Pod& pod) {
  std::string names;
  for (const model::Container& container : pod.containers) {
    names += (names.empty() ? "" : ", ") + container.name;
  }
  return names;
}

bool HasContainer(const model::Pod& pod, const std::string& name) {
  return std::any_of(pod.containers.begin(), pod.containers.end(), [&](const auto& container) {
    return container.name == name;
  });
}

/// What of this probe is left out, and why.
void AddNotSeen(const model::Probe& probe, std::vector<model::NotSeen>& not_seen) {
  if (probe.kind == ProbeKind::kUnknown) {
    not_seen.push_back({Describe(probe),
                        "its kind of action is not known to this version",
                        "the probe was not checked"});
  }
  for (const std::string& header : probe.withheld_headers) {
    not_seen.push_back({fmt::format("header {} of the {}", header, Describe(probe)),
                        "it carries a credential, which stays out of the probe pod",
                        "the check was made without it: the answer may differ from kubelet's"});
  }
}

std::vector<ProbeSpec> DeclaredPorts(const model::Pod& pod, const ProbeFilter& filter) {
  std::vector<ProbeSpec> specs;
  for (const model::Container& container : pod.containers) {
    if (!filter.container.empty() && container.name != filter.container) {
      continue;
    }
    for (const model::ContainerPort& port : container.ports) {
      if (port.protocol != "TCP") {
        continue;
      }
      ProbeSpec spec;
      spec.probe.container = container.name;
      spec.probe.kind = ProbeKind::kPort;
      spec.probe.address = pod.ips.front();
      spec.probe.port = port.port;
      spec.probe.port_name = port.name.empty() ? std::to_string(port.port) : port.name;
      specs.push_back(std::move(spec));
    }
  }
  return specs;
}

/// "pod \"web\"", or "container a of pod \"web\""
std::string Subject(const Target& target, const ProbeFilter& filter) {
  return filter.container.empty()
             ? fmt::format("pod \"{}\"", target.pod.name)
             : fmt::format("container {} of pod \"{}\"", filter.container, target.pod.name);
}

}  // namespace

bool IsCheckable(const model::Probe& probe) {
  return probe.kind == ProbeKind::kExec ? !probe.command.empty()
                                        : probe.port != 0 && probe.kind != ProbeKind::kUnknown;
}

protocol::Result<Selection> SelectProbes(const Target& target, const ProbeFilter& filter) {
  if (!filter.container.empty() && !HasContainer(target.pod, filter.container)) {
    return protocol::Error{fmt::format("pod \"{}\" has no container \"{}\", only: {}",
                                       target.pod.name,
                                       filter.container,
                                       ContainerNames(target.pod))};
  }
  Selection selection;
  bool checkable = false;
  bool unmakeable = false;  // kubelet can't make it either, which is a result, too.
  for (const ProbeSpec& spec : target.probes) {
    if ((filter.container.empty() || spec.probe.container == filter.container) &&
        (filter.type == ProbeType::kUnknown || spec.probe.type == filter.type)) {
      selection.probes.push_back(spec);
      AddNotSeen(spec.probe, selection.not_seen);
      checkable = checkable || IsCheckable(spec.probe);
      unmakeable = unmakeable || (spec.probe.port == 0 && !spec.probe.port_name.empty());
    }
  }
  if (checkable) {
    return selection;
  }
  const std::string subject = Subject(target, filter);
  if (filter.type != ProbeType::kUnknown && selection.probes.empty()) {
    return protocol::Error{fmt::format("{} has no {} probe", subject, Name(filter.type))};
  }
  const std::string why = selection.probes.empty() ? fmt::format("{} defines no probes", subject)
                                                   : fmt::format(
                                                         "{} has no probe that this "
                                                         "version can check",
                                                         subject);
  std::vector<ProbeSpec> ports = DeclaredPorts(target.pod, filter);
  if (ports.empty() && unmakeable) {
    return selection;
  }
  if (ports.empty()) {
    return protocol::Error{why + ", and it declares no TCP ports: there is nothing to check"};
  }
  selection.probes.insert(selection.probes.end(), ports.begin(), ports.end());
  selection.not_seen.push_back(
      {"health checks", why, "its declared TCP ports were checked by handshakes instead"});
  return selection;
}

}  // namespace netcheck::gather
