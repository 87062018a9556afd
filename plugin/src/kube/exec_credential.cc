#include "kube/exec_credential.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>

#include "kube/rfc3339.h"
#include "os/os.h"
#include "protocol/base64.h"
#include "protocol/json.h"

namespace netcheck::kube {
namespace {

using protocol::Error;
using protocol::Json;
using protocol::Result;

// A login in a browser takes its time; kubectl would wait for ever.
constexpr std::chrono::minutes kPatience{5};
constexpr int kStandardInput = 0;

std::string TextOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

Json ClusterInfo(const Connection& connection, const ExecPlugin& plugin) {
  Json cluster = {{"server", connection.server}};
  const auto set = [&](const char* key, const std::string& value) {
    if (!value.empty()) {
      cluster[key] = value;
    }
  };
  set("tls-server-name", connection.tls_server_name);
  set("certificate-authority-data", protocol::Base64Encode(connection.certificate_authority));
  set("proxy-url", connection.proxy);
  if (connection.insecure_skip_tls_verify) {
    cluster["insecure-skip-tls-verify"] = true;
  }
  if (!plugin.cluster_config.is_null()) {
    cluster["config"] = plugin.cluster_config;
  }
  return cluster;
}

Error PluginError(const Connection& connection, const ExecPlugin& plugin, const std::string& what) {
  std::string message =
      fmt::format("the credential plugin \"{}\" of the kubeconfig's user \"{}\" {}",
                  plugin.command,
                  connection.user,
                  what);
  if (!plugin.install_hint.empty()) {
    message += "\n" + plugin.install_hint;
  }
  return {message};
}

}  // namespace

Json ExecInfo(const Connection& connection, const ExecPlugin& plugin, bool interactive) {
  Json info = {{"apiVersion", plugin.api_version},
               {"kind", "ExecCredential"},
               {"spec", {{"interactive", interactive}}}};
  if (plugin.provide_cluster_info) {
    info["spec"]["cluster"] = ClusterInfo(connection, plugin);
  }
  return info;
}

Result<ExecCredential> ParseExecCredential(std::string_view text, const std::string& api_version) {
  const Json printed = Json::parse(text, nullptr, false);
  if (!printed.is_object() || TextOf(printed, "kind") != "ExecCredential") {
    return Error{"printed no ExecCredential"};
  }
  if (TextOf(printed, "apiVersion") != api_version) {
    return Error{fmt::format("printed the version {}, but the kubeconfig asks for {}",
                             TextOf(printed, "apiVersion"),
                             api_version)};
  }
  const Json status = printed.value("status", Json());
  if (!status.is_object()) {
    return Error{"printed an ExecCredential without status"};
  }
  ExecCredential credential;
  credential.token = TextOf(status, "token");
  credential.client_certificate = TextOf(status, "clientCertificateData");
  credential.client_key = TextOf(status, "clientKeyData");
  if (credential.client_certificate.empty() != credential.client_key.empty()) {
    return Error{"printed only one of certificate and key"};
  }
  if (credential.token.empty() && credential.client_key.empty()) {
    return Error{"printed neither a token nor a certificate"};
  }
  const std::string expires = TextOf(status, "expirationTimestamp");
  credential.expires = ParseRfc3339(expires);
  if (!expires.empty() && !credential.expires) {
    return Error{"printed the expirationTimestamp \"" + expires + "\", which is no time"};
  }
  return credential;
}

Result<ExecCredential> RunExecPlugin(const Connection& connection, const ExecPlugin& plugin) {
  const bool terminal = os::IsTerminal(kStandardInput);
  if (plugin.interactive == ExecPlugin::Interactive::kAlways && !terminal) {
    return PluginError(connection, plugin, "needs a terminal on standard input");
  }
  const bool interactive = plugin.interactive != ExecPlugin::Interactive::kNever && terminal;

  std::vector<std::string> argv = {plugin.command};
  argv.insert(argv.end(), plugin.args.begin(), plugin.args.end());
  auto environment = plugin.environment;
  environment["KUBERNETES_EXEC_INFO"] = ExecInfo(connection, plugin, interactive).dump();

  const auto run = os::Run(argv, environment, interactive, kPatience);
  if (!run) {
    return PluginError(connection,
                       plugin,
                       run.error().error_number == ENOENT ? "is not installed: it is not found"
                                                          : "failed: " + run.error().message);
  }
  if (run->exit_code != 0) {
    return PluginError(connection, plugin, fmt::format("failed with exit code {}", run->exit_code));
  }
  auto credential = ParseExecCredential(run->stdout_text, plugin.api_version);
  if (!credential) {
    return PluginError(connection, plugin, credential.error().message);
  }
  return credential;
}

}  // namespace netcheck::kube
