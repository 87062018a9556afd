#include "protocol/v1_probe.h"

#include <charconv>
#include <map>
#include <utility>

#include "protocol/expand_variables.h"
#include "protocol/json_fields.h"

namespace netcheck::protocol {
namespace {

constexpr int kMaxPort = 65535;

int Positive(const Json& probe, const char* key, int fallback) {
  const int value = GetInt(probe, key);
  return value > 0 ? value : fallback;
}

std::string OrElse(std::string text, const char* fallback) {
  return text.empty() ? fallback : std::move(text);
}

ProbePort Checked(std::string text, int number) {
  ProbePort port{std::move(text), number, ""};
  if (number < 1 || number > kMaxPort) {
    port.number = 0;
    port.error = "invalid port number: " + std::to_string(number);
  }
  return port;
}

ProbePort ResolveName(const std::string& name, const Json& container) {
  for (const Json& port : GetArray(container, "ports")) {
    if (GetString(port, "name") == name) {
      return Checked(name, GetInt(port, "containerPort"));
    }
  }
  int number = 0;
  // Go's Atoi takes a sign, from_chars only a minus.
  const char* const start = name.data() + (name.starts_with('+') && name[1] != '-' ? 1 : 0);
  const char* const stop = name.data() + name.size();
  const auto [end, error] = std::from_chars(start, stop, number);
  if (error == std::errc() && end == stop) {
    return Checked(name, number);
  }
  const char* const why = error == std::errc::result_out_of_range && end == stop
                              ? "value out of range"
                              : "invalid syntax";
  return {name, 0, "strconv.Atoi: parsing \"" + name + "\": " + why};
}

ProbePort ReadPort(const Json& action, const Json& container) {
  const auto port = action.find("port");
  if (port != action.end() && port->is_string()) {
    return ResolveName(port->get<std::string>(), container);
  }
  const int number = GetInt(action, "port");
  return Checked(std::to_string(number), number);
}

HttpRequest ReadHttp(const Json& action) {
  HttpRequest http;
  http.scheme = OrElse(GetString(action, "scheme"), "HTTP");
  http.path = OrElse(GetString(action, "path"), "/");
  http.host = GetString(action, "host");
  for (const Json& header : GetArray(action, "httpHeaders")) {
    http.headers.push_back({GetString(header, "name"), GetString(header, "value")});
  }
  return http;
}

/// pkg/kubelet/container/helpers.go, ExpandContainerCommandOnlyStatic: a variable whose value comes
/// from elsewhere (valueFrom) counts as empty.
std::vector<std::string> ReadCommand(const Json& action, const Json& container) {
  std::map<std::string, std::string> variables;
  for (const Json& variable : GetArray(container, "env")) {
    variables[GetString(variable, "name")] = GetString(variable, "value");
  }
  std::vector<std::string> command;
  for (const Json& word : GetArray(action, "command")) {
    command.push_back(
        word.is_string() ? ExpandVariables(word.get_ref<const std::string&>(), variables) : "");
  }
  return command;
}

void ReadAction(const Json& json, const Json& container, V1Probe& probe) {
  if (json.contains("httpGet")) {
    const Json& action = GetObject(json, "httpGet");
    probe.kind = CheckKind::kHttp;
    probe.http = ReadHttp(action);
    probe.host = probe.http.host;
    probe.port = ReadPort(action, container);
  } else if (json.contains("tcpSocket")) {
    const Json& action = GetObject(json, "tcpSocket");
    probe.kind = CheckKind::kTcp;
    probe.host = GetString(action, "host");
    probe.port = ReadPort(action, container);
  } else if (json.contains("grpc")) {
    const Json& action = GetObject(json, "grpc");
    probe.kind = CheckKind::kGrpc;
    probe.grpc.service = GetString(action, "service");
    const int number = GetInt(action, "port");
    probe.port = Checked(std::to_string(number), number);
  } else if (json.contains("exec")) {
    probe.kind = CheckKind::kExec;
    probe.exec.container = GetString(container, "name");
    probe.exec.command = ReadCommand(GetObject(json, "exec"), container);
  }
}

}  // namespace

V1Probe ReadV1Probe(const Json& json, const Json& container) {
  V1Probe probe;
  probe.initial_delay_s = GetInt(json, "initialDelaySeconds");
  probe.timeout_s = Positive(json, "timeoutSeconds", 1);
  probe.period_s = Positive(json, "periodSeconds", 10);
  probe.success_threshold = Positive(json, "successThreshold", 1);
  probe.failure_threshold = Positive(json, "failureThreshold", 3);
  ReadAction(json, container, probe);
  return probe;
}

std::string KubeletUserAgent(const std::string& version) {
  // "v1.34.4-eks-1" → "1.34"
  const std::size_t start = version.starts_with('v') ? 1 : 0;
  const std::size_t first = version.find('.');
  const std::size_t second = first == std::string::npos ? first : version.find('.', first + 1);
  return second == std::string::npos ? "kube-probe/1"
                                     : "kube-probe/" + version.substr(start, second - start);
}

}  // namespace netcheck::protocol
