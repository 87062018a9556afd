#include "gather/decode_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "protocol/json_fields.h"

namespace netcheck::gather {
namespace {

using model::Json;
using protocol::GetArray;
using protocol::GetInt;
using protocol::GetObject;
using protocol::GetString;

std::string OrElse(const std::string& text, const char* otherwise) {
  return text.empty() ? otherwise : text;
}

std::string ProtocolOf(const Json& port) {
  return OrElse(GetString(port, "protocol"), "TCP");
}

bool IsChosen(const Json& port, const std::string& choice) {
  return choice.empty() || GetString(port, "name") == choice ||
         std::to_string(GetInt(port, "port")) == choice;
}

std::string Describe(const Json& port) {
  return fmt::format("{}/{}", GetInt(port, "port"), ProtocolOf(port));
}

std::string Describe(const Json& service, const char* what) {
  return fmt::format("service \"{}\" {}", GetString(GetObject(service, "metadata"), "name"), what);
}

/// An absent condition means ready (discovery/v1 EndpointConditions).
bool IsReady(const Json& endpoint) {
  return GetObject(endpoint, "conditions").value("ready", Json()) != Json(false);
}

void AddEndpoint(const Json& endpoint,
                 int port,
                 const std::string& port_name,
                 std::vector<model::ServiceEndpoint>& endpoints) {
  const Json& reference = GetObject(endpoint, "targetRef");
  for (const Json& address : GetArray(endpoint, "addresses")) {
    if (address.is_string()) {
      endpoints.push_back(
          {address.get<std::string>(),
           port,
           port_name,
           GetString(endpoint, "nodeName"),
           GetString(reference, "kind") == "Pod" ? GetString(reference, "name") : "",
           IsReady(endpoint)});
    }
  }
}

}  // namespace

model::ServiceTarget DecodeServiceTarget(const Json& service, const std::string& port_choice) {
  const Json& metadata = GetObject(service, "metadata");
  const Json& spec = GetObject(service, "spec");
  model::ServiceTarget target;
  target.namespace_name = GetString(metadata, "namespace");
  target.name = GetString(metadata, "name");
  target.type = OrElse(GetString(spec, "type"), "ClusterIP");
  target.has_selector = !GetObject(spec, "selector").empty();
  target.internal_traffic_policy = OrElse(GetString(spec, "internalTrafficPolicy"), "Cluster");
  target.external_traffic_policy = OrElse(GetString(spec, "externalTrafficPolicy"), "Cluster");
  target.session_affinity = OrElse(GetString(spec, "sessionAffinity"), "None");
  for (const Json& ip : GetArray(spec, "clusterIPs")) {
    if (ip.is_string() && ip.get<std::string>() != "None") {
      target.cluster_ips.push_back(ip.get<std::string>());
    }
  }
  for (const Json& port : GetArray(spec, "ports")) {
    if (ProtocolOf(port) == "TCP" && IsChosen(port, port_choice)) {
      target.ports.push_back(
          {GetString(port, "name"), GetInt(port, "port"), "TCP", GetInt(port, "nodePort")});
    }
  }
  return target;
}

std::string WhyNotConnectable(const Json& service, const std::string& port_choice) {
  const Json& spec = GetObject(service, "spec");
  if (GetString(spec, "type") == "ExternalName") {
    return Describe(service, "is of type ExternalName: ") +
           fmt::format(
               "it is a DNS name for \"{}\", and has no address that a node could translate",
               GetString(spec, "externalName"));
  }
  std::string ports;
  bool chosen = false;
  bool tcp = false;
  for (const Json& port : GetArray(spec, "ports")) {
    const std::string name = GetString(port, "name");
    ports += (ports.empty() ? "" : ", ") + Describe(port) + (name.empty() ? "" : " " + name);
    chosen = chosen || IsChosen(port, port_choice);
    tcp = tcp || (IsChosen(port, port_choice) && ProtocolOf(port) == "TCP");
  }
  if (ports.empty()) {
    return Describe(service, "has no ports");
  }
  if (!chosen) {
    return Describe(service, "has no port ") +
           fmt::format("\"{}\" (it has {})", port_choice, ports);
  }
  return tcp ? ""
             : Describe(service, "has no TCP port ") +
                   fmt::format("to connect to ({}): netcheck makes TCP connections", ports);
}

std::vector<std::string> OtherPorts(const Json& service, const std::string& port_choice) {
  std::vector<std::string> ports;
  for (const Json& port : GetArray(GetObject(service, "spec"), "ports")) {
    if (ProtocolOf(port) != "TCP" && IsChosen(port, port_choice)) {
      ports.push_back(Describe(port));
    }
  }
  return ports;
}

std::vector<model::ServiceEndpoint> DecodeEndpoints(const Json& slices,
                                                    const model::ServiceTarget& service) {
  std::vector<model::ServiceEndpoint> endpoints;
  for (const Json& slice : GetArray(slices, "items")) {
    const Json& labels = GetObject(GetObject(slice, "metadata"), "labels");
    if (GetString(labels, "kubernetes.io/service-name") != service.name ||
        GetString(slice, "addressType") == "FQDN") {
      continue;
    }
    for (const Json& port : GetArray(slice, "ports")) {
      const std::string name = GetString(port, "name");
      const bool wanted = ProtocolOf(port) == "TCP" && GetInt(port, "port") != 0 &&
                          std::any_of(service.ports.begin(),
                                      service.ports.end(),
                                      [&](const model::ServicePort& p) { return p.name == name; });
      for (const Json& endpoint : GetArray(slice, "endpoints")) {
        if (wanted) {
          AddEndpoint(endpoint, GetInt(port, "port"), name, endpoints);
        }
      }
    }
  }
  const auto key = [](const model::ServiceEndpoint& e) {
    return std::tie(e.address, e.port, e.port_name);
  };
  std::stable_sort(endpoints.begin(), endpoints.end(), [&](const auto& a, const auto& b) {
    return key(a) < key(b);
  });
  // The same endpoint may be in two slices for a moment while they are rearranged.
  endpoints.erase(std::unique(endpoints.begin(),
                              endpoints.end(),
                              [&](const auto& a, const auto& b) { return key(a) == key(b); }),
                  endpoints.end());
  return endpoints;
}

}  // namespace netcheck::gather
