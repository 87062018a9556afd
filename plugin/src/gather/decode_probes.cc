#include "gather/decode_probes.h"

#include <utility>

#include "gather/credential_headers.h"
#include "gather/decode_pod.h"
#include "gather/masked_command.h"
#include "protocol/json_fields.h"
#include "protocol/v1_probe.h"

namespace netcheck::gather {
namespace {

using model::Json;
using model::ProbeKind;
using model::ProbeType;
using protocol::GetArray;
using protocol::GetObject;
using protocol::GetString;

constexpr std::pair<const char*, ProbeType> kProbeFields[] = {
    {"startupProbe", ProbeType::kStartup},
    {"livenessProbe", ProbeType::kLiveness},
    {"readinessProbe", ProbeType::kReadiness}};

ProbeKind KindOf(protocol::CheckKind kind) {
  switch (kind) {
    case protocol::CheckKind::kHttp:
      return ProbeKind::kHttp;
    case protocol::CheckKind::kTcp:
      return ProbeKind::kTcp;
    case protocol::CheckKind::kGrpc:
      return ProbeKind::kGrpc;
    case protocol::CheckKind::kExec:
      return ProbeKind::kExec;
    case protocol::CheckKind::kUnknown:
      break;
  }
  return ProbeKind::kUnknown;
}

void TakeHeaders(std::vector<protocol::Header> headers, ProbeSpec& spec) {
  for (protocol::Header& header : headers) {
    spec.probe.header_names.push_back(header.name);
    if (IsCredential(header.name, header.value)) {
      spec.probe.withheld_headers.push_back(header.name);
    } else {
      spec.headers.push_back(std::move(header));
    }
  }
}

ProbeSpec Decode(const Json& json, const Json& container, const std::string& pod_ip) {
  protocol::V1Probe read = protocol::ReadV1Probe(json, container);
  ProbeSpec spec;
  model::Probe& probe = spec.probe;
  probe.container = GetString(container, "name");
  probe.kind = KindOf(read.kind);
  probe.address = read.host.empty() ? pod_ip : read.host;
  probe.port_name = read.port.text;
  probe.port = read.port.number;
  probe.initial_delay_s = read.initial_delay_s;
  probe.timeout_s = read.timeout_s;
  probe.period_s = read.period_s;
  probe.success_threshold = read.success_threshold;
  probe.failure_threshold = read.failure_threshold;
  probe.grpc_service = read.grpc.service;
  spec.command = std::move(read.exec.command);
  // What expands may come from the environment, which is not to be in evidence.
  probe.command = MaskedCommand(protocol::ReadV1Probe(json, Json::object()).exec.command);
  if (probe.kind == ProbeKind::kHttp) {
    probe.scheme = read.http.scheme;
    probe.path = read.http.path;
    spec.http_host = read.host;
    TakeHeaders(std::move(read.http.headers), spec);
  }
  return spec;
}

void DecodeContainer(const Json& container,
                     const std::string& pod_ip,
                     std::vector<ProbeSpec>& specs) {
  for (const auto& [field, type] : kProbeFields) {
    if (!container.contains(field)) {
      continue;
    }
    ProbeSpec spec = Decode(GetObject(container, field), container, pod_ip);
    spec.probe.type = type;
    specs.push_back(std::move(spec));
  }
}

}  // namespace

std::vector<ProbeSpec> DecodeProbes(const Json& pod) {
  const model::Pod decoded = DecodePod(pod);
  const std::string pod_ip = decoded.ips.empty() ? "" : decoded.ips.front();
  const Json& spec = GetObject(pod, "spec");
  std::vector<ProbeSpec> specs;
  for (const Json& container : GetArray(spec, "initContainers")) {
    if (GetString(container, "restartPolicy") == "Always") {
      DecodeContainer(container, pod_ip, specs);
    }
  }
  for (const Json& container : GetArray(spec, "containers")) {
    DecodeContainer(container, pod_ip, specs);
  }
  return specs;
}

}  // namespace netcheck::gather
