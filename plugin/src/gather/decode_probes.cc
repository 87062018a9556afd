#include "gather/decode_probes.h"

#include <charconv>
#include <utility>

#include "gather/credential_headers.h"
#include "gather/decode_pod.h"
#include "kube/object.h"

namespace netcheck::gather {
namespace {

using kube::GetArray;
using kube::GetInt;
using kube::GetObject;
using kube::GetString;
using model::Json;
using model::ProbeKind;
using model::ProbeType;

constexpr int kMaxPort = 65535;

constexpr std::pair<const char*, ProbeType> kProbeFields[] = {
    {"startupProbe", ProbeType::kStartup},
    {"livenessProbe", ProbeType::kLiveness},
    {"readinessProbe", ProbeType::kReadiness}};

int Positive(const Json& probe, const char* key, int fallback) {
  const int value = GetInt(probe, key);
  return value > 0 ? value : fallback;
}

std::string OrElse(std::string text, const char* fallback) {
  return text.empty() ? fallback : std::move(text);
}

int ValidPort(int port) {
  return port >= 1 && port <= kMaxPort ? port : 0;
}

int ResolveName(const std::string& name, const Json& container) {
  for (const Json& port : GetArray(container, "ports")) {
    if (GetString(port, "name") == name) {
      return ValidPort(GetInt(port, "containerPort"));
    }
  }
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + name.size() ? ValidPort(number) : 0;
}

void DecodePort(const Json& action, const Json& container, model::Probe& probe) {
  const auto port = action.find("port");
  if (port != action.end() && port->is_string()) {
    probe.port_name = port->get<std::string>();
    probe.port = ResolveName(probe.port_name, container);
  } else {
    const int number = GetInt(action, "port");
    probe.port_name = std::to_string(number);
    probe.port = ValidPort(number);
  }
}

void DecodeHttp(const Json& action, ProbeSpec& spec) {
  model::Probe& probe = spec.probe;
  probe.kind = ProbeKind::kHttp;
  probe.scheme = OrElse(GetString(action, "scheme"), "HTTP");
  probe.path = OrElse(GetString(action, "path"), "/");
  spec.http_host = GetString(action, "host");
  for (const Json& header : GetArray(action, "httpHeaders")) {
    protocol::Header decoded{GetString(header, "name"), GetString(header, "value")};
    probe.header_names.push_back(decoded.name);
    if (IsCredential(decoded.name, decoded.value)) {
      probe.withheld_headers.push_back(decoded.name);
    } else {
      spec.headers.push_back(std::move(decoded));
    }
  }
}

void DecodeAction(const Json& json,
                  const Json& container,
                  const std::string& pod_ip,
                  ProbeSpec& spec) {
  model::Probe& probe = spec.probe;
  probe.address = pod_ip;
  if (json.contains("httpGet")) {
    const Json& action = GetObject(json, "httpGet");
    DecodeHttp(action, spec);
    DecodePort(action, container, probe);
    probe.address = OrElse(spec.http_host, pod_ip.c_str());
  } else if (json.contains("tcpSocket")) {
    const Json& action = GetObject(json, "tcpSocket");
    probe.kind = ProbeKind::kTcp;
    DecodePort(action, container, probe);
    probe.address = OrElse(GetString(action, "host"), pod_ip.c_str());
  } else if (json.contains("grpc")) {
    const Json& action = GetObject(json, "grpc");
    probe.kind = ProbeKind::kGrpc;
    DecodePort(action, container, probe);
    probe.grpc_service = GetString(action, "service");
  } else if (json.contains("exec")) {
    probe.kind = ProbeKind::kExec;
  }
}

void DecodeContainer(const Json& container,
                     const std::string& pod_ip,
                     std::vector<ProbeSpec>& specs) {
  for (const auto& [field, type] : kProbeFields) {
    if (!container.contains(field)) {
      continue;
    }
    const Json& json = GetObject(container, field);
    ProbeSpec spec;
    spec.probe.container = GetString(container, "name");
    spec.probe.type = type;
    spec.probe.initial_delay_s = GetInt(json, "initialDelaySeconds");
    spec.probe.timeout_s = Positive(json, "timeoutSeconds", 1);
    spec.probe.period_s = Positive(json, "periodSeconds", 10);
    spec.probe.success_threshold = Positive(json, "successThreshold", 1);
    spec.probe.failure_threshold = Positive(json, "failureThreshold", 3);
    DecodeAction(json, container, pod_ip, spec);
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
