#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/connection.h"
#include "protocol/result.h"

// The kubeconfig file format, client-go's tools/clientcmd/api/v1/types.go. Only this module knows
// that it is YAML.
namespace netcheck::kube {

/// A file named in a kubeconfig, or its content given there as "*-data", which wins.
struct FileOrData {
  std::string path;
  std::string data;  ///< Decoded.

  [[nodiscard]] bool empty() const { return path.empty() && data.empty(); }
};

struct ClusterEntry {
  std::string server;
  std::string tls_server_name;
  FileOrData certificate_authority;
  bool insecure_skip_tls_verify = false;
  std::string proxy_url;
  protocol::Json exec_config;  ///< extensions["client.authentication.k8s.io/exec"]
};

struct UserEntry {
  FileOrData client_certificate;
  FileOrData client_key;
  std::string token;
  std::string token_file;
  std::string username;
  std::string password;
  Impersonation impersonation;
  std::optional<ExecPlugin> exec;
  std::string auth_provider;  ///< Its name; client-go has none of them any more.
};

struct ContextEntry {
  std::string cluster;
  std::string user;
  std::string namespace_name;
};

struct Kubeconfig {
  std::string current_context;
  std::map<std::string, ClusterEntry> clusters;
  std::map<std::string, UserEntry> users;
  std::map<std::string, ContextEntry> contexts;
};

/// Relative paths in `text` are resolved against the folder of `path`. The error is
/// "path:line: what is wrong".
protocol::Result<Kubeconfig> ParseKubeconfig(std::string_view text, const std::string& path);

/// Adds a file of lower precedence: what `into` has already stays.
void MergeKubeconfig(Kubeconfig& into, const Kubeconfig& later);

}  // namespace netcheck::kube
