#include "kube/kubeconfig_file.h"

#include <filesystem>

#include "kube/yaml_reader.h"
#include "protocol/json.h"

namespace netcheck::kube {
namespace {

constexpr const char* kExecExtension = "client.authentication.k8s.io/exec";

/// Path references as client-go's ResolveLocalPaths() resolves them.
class Folder {
 public:
  explicit Folder(const std::string& file) : folder_(std::filesystem::path(file).parent_path()) {}

  [[nodiscard]] std::string Resolve(const std::string& reference) const {
    if (reference.empty() || std::filesystem::path(reference).is_absolute()) {
      return reference;
    }
    return (folder_ / reference).string();
  }

  /// A bare command name is looked up in PATH instead.
  [[nodiscard]] std::string ResolveCommand(const std::string& command) const {
    return std::filesystem::path(command).has_parent_path() ? Resolve(command) : command;
  }

 private:
  std::filesystem::path folder_;
};

FileOrData ReadFileOrData(YamlReader& reader,
                          const Folder& folder,
                          const YAML::Node& map,
                          const std::string& key) {
  return {folder.Resolve(reader.Text(map, key.c_str())), reader.Data(map, (key + "-data").c_str())};
}

ClusterEntry ReadCluster(YamlReader& reader, const Folder& folder, const YAML::Node& map) {
  ClusterEntry cluster;
  cluster.server = reader.Text(map, "server");
  cluster.tls_server_name = reader.Text(map, "tls-server-name");
  cluster.certificate_authority = ReadFileOrData(reader, folder, map, "certificate-authority");
  cluster.insecure_skip_tls_verify = reader.Flag(map, "insecure-skip-tls-verify");
  cluster.proxy_url = reader.Text(map, "proxy-url");
  for (const YAML::Node& extension : reader.List(map, "extensions")) {
    if (reader.Text(extension, "name") == kExecExtension) {
      cluster.exec_config = ToJson(reader.Field(extension, "extension"));
    }
  }
  return cluster;
}

ExecPlugin::Interactive ReadInteractiveMode(YamlReader& reader,
                                            const YAML::Node& map,
                                            const std::string& api_version) {
  const std::string mode = reader.Text(map, "interactiveMode");
  if (mode == "Never") {
    return ExecPlugin::Interactive::kNever;
  }
  if (mode == "Always") {
    return ExecPlugin::Interactive::kAlways;
  }
  // Only v1beta1 has a default.
  const bool defaulted = mode.empty() && api_version == "client.authentication.k8s.io/v1beta1";
  if (mode != "IfAvailable" && !defaulted) {
    reader.Fail(map.Mark(), "exec.interactiveMode must be Never, IfAvailable or Always");
  }
  return ExecPlugin::Interactive::kIfAvailable;
}

std::optional<ExecPlugin> ReadExec(YamlReader& reader,
                                   const Folder& folder,
                                   const YAML::Node& user) {
  const YAML::Node map = reader.Map(user, "exec");
  if (map.IsNull()) {
    return std::nullopt;
  }
  ExecPlugin exec;
  exec.api_version = reader.Text(map, "apiVersion");
  exec.command = folder.ResolveCommand(reader.Text(map, "command"));
  exec.args = reader.Texts(map, "args");
  for (const YAML::Node& variable : reader.List(map, "env")) {
    exec.environment[reader.Text(variable, "name")] = reader.Text(variable, "value");
  }
  exec.install_hint = reader.Text(map, "installHint");
  exec.provide_cluster_info = reader.Flag(map, "provideClusterInfo");
  exec.interactive = ReadInteractiveMode(reader, map, exec.api_version);
  if (exec.command.empty()) {
    reader.Fail(map.Mark(), "exec.command is missing");
  }
  if (exec.environment.contains("")) {
    reader.Fail(map.Mark(), "an entry of exec.env has no name");
  }
  return exec;
}

Impersonation ReadImpersonation(YamlReader& reader, const YAML::Node& map) {
  Impersonation impersonation;
  impersonation.user = reader.Text(map, "as");
  impersonation.uid = reader.Text(map, "as-uid");
  impersonation.groups = reader.Texts(map, "as-groups");
  const YAML::Node extra = reader.Map(map, "as-user-extra");
  for (const auto& field : extra) {
    const std::string key = field.first.Scalar();
    impersonation.extra[key] = reader.Texts(extra, key.c_str());
  }
  return impersonation;
}

UserEntry ReadUser(YamlReader& reader, const Folder& folder, const YAML::Node& map) {
  UserEntry user;
  user.client_certificate = ReadFileOrData(reader, folder, map, "client-certificate");
  user.client_key = ReadFileOrData(reader, folder, map, "client-key");
  user.token = reader.Text(map, "token");
  user.token_file = folder.Resolve(reader.Text(map, "tokenFile"));
  user.username = reader.Text(map, "username");
  user.password = reader.Text(map, "password");
  user.impersonation = ReadImpersonation(reader, map);
  user.exec = ReadExec(reader, folder, map);
  const YAML::Node provider = reader.Map(map, "auth-provider");
  if (!provider.IsNull()) {
    user.auth_provider = reader.Text(provider, "name");
  }
  return user;
}

ContextEntry ReadContext(YamlReader& reader, const YAML::Node& map) {
  return {reader.Text(map, "cluster"), reader.Text(map, "user"), reader.Text(map, "namespace")};
}

/// `list` holds {name: ..., `key`: {...}}; each name once.
template <typename Entry, typename Read>
std::map<std::string, Entry> ReadNamed(
    YamlReader& reader, const YAML::Node& root, const char* list, const char* key, Read read) {
  std::map<std::string, Entry> entries;
  for (const YAML::Node& item : reader.List(root, list)) {
    const std::string name = reader.Text(item, "name");
    if (!entries.emplace(name, read(reader.Map(item, key))).second) {
      reader.Fail(item.Mark(), "\"" + name + "\" is a second time in " + list);
    }
  }
  return entries;
}

Kubeconfig ReadRoot(YamlReader& reader, const YAML::Node& root, const std::string& path) {
  const Folder folder(path);
  const std::string kind = reader.Text(root, "kind");
  if (!kind.empty() && kind != "Config") {
    reader.Fail(root.Mark(), "is a " + kind + ", not a kubeconfig (kind: Config)");
  }
  Kubeconfig config;
  config.current_context = reader.Text(root, "current-context");
  config.clusters =
      ReadNamed<ClusterEntry>(reader, root, "clusters", "cluster", [&](const YAML::Node& map) {
        return ReadCluster(reader, folder, map);
      });
  config.users = ReadNamed<UserEntry>(reader, root, "users", "user", [&](const YAML::Node& map) {
    return ReadUser(reader, folder, map);
  });
  config.contexts =
      ReadNamed<ContextEntry>(reader, root, "contexts", "context", [&](const YAML::Node& map) {
        return ReadContext(reader, map);
      });
  return config;
}

}  // namespace

protocol::Result<Kubeconfig> ParseKubeconfig(std::string_view text, const std::string& path) {
  YamlReader reader(path);
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    Kubeconfig config = ReadRoot(reader, root, path);
    if (!reader.error()) {
      return config;
    }
  } catch (const YAML::Exception& problem) {
    reader.Fail(problem.mark, "is not valid YAML: " + problem.msg);
  }
  return *reader.error();
}

void MergeKubeconfig(Kubeconfig& into, const Kubeconfig& later) {
  if (into.current_context.empty()) {
    into.current_context = later.current_context;
  }
  into.clusters.insert(later.clusters.begin(), later.clusters.end());
  into.users.insert(later.users.begin(), later.users.end());
  into.contexts.insert(later.contexts.begin(), later.contexts.end());
}

}  // namespace netcheck::kube
