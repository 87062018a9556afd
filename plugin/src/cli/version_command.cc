#include <fmt/format.h>

#include <map>

#include "cli/commands.h"
#include "kube/requests.h"
#include "os/os.h"
#include "protocol/json_fields.h"
#include "protocol/version.h"

namespace netcheck::cli {
namespace {

using Json = nlohmann::ordered_json;

/// kubelet's version → number of nodes that have it; empty when nodes may not be listed.
std::map<std::string, int> KubeletVersions(kube::Api& api) {
  std::map<std::string, int> versions;
  if (const auto nodes = api.Call(kube::Get("/api/v1/nodes"))) {
    for (const kube::Json& node : protocol::GetArray(*nodes, "items")) {
      const kube::Json& info = protocol::GetObject(protocol::GetObject(node, "status"), "nodeInfo");
      ++versions[protocol::GetString(info, "kubeletVersion")];
    }
  }
  return versions;
}

void Write(const Json& json, OutputFormat format, std::ostream& out) {
  if (format == OutputFormat::kJson) {
    out << json.dump(2) << std::endl;
    return;
  }
  const Json& client = json["clientVersion"];
  out << "Client Version: " << client["version"].get<std::string>() << " (protocol "
      << client["protocolVersion"].get<int>() << ")\n";
  if (json.contains("serverVersion")) {
    out << "Server Version: " << json["serverVersion"].get<std::string>() << '\n';
  }
  if (json.contains("kubeletVersions")) {
    for (const auto& [version, nodes] : json["kubeletVersions"].items()) {
      out << "Kubelet Version: " << version << " (" << nodes.get<int>()
          << (nodes.get<int>() == 1 ? " node)\n" : " nodes)\n");
    }
  }
  out << std::flush;
}

}  // namespace

int RunVersionCommand(const VersionOptions& options, const Cluster* cluster, Console& console) {
  Json json;
  json["clientVersion"] = {{"version", fmt::format("v{}", protocol::kNetcheckVersion)},
                           {"protocolVersion", protocol::kProtocolVersion},
                           {"platform", os::Platform()}};
  if (cluster == nullptr) {
    Write(json, options.output, console.out);
    return kExitHealthy;
  }
  const auto server = cluster->api.Call(kube::Get("/version"));
  if (!server) {
    Write(json, options.output, console.out);
    return console.Fail(server.error().message);
  }
  json["serverVersion"] = protocol::GetString(*server, "gitVersion");
  if (const auto versions = KubeletVersions(cluster->api); !versions.empty()) {
    json["kubeletVersions"] = versions;
  }
  Write(json, options.output, console.out);
  return kExitHealthy;
}

}  // namespace netcheck::cli
