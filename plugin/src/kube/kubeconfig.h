#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kube/connection.h"
#include "protocol/result.h"

// From kubectl's connection flags, kubeconfig files and the environment to a Connection, by the
// rules of client-go's clientcmd (tools/clientcmd/{loader,client_config,validation}.go, v0.34).
namespace netcheck::kube {

/// kubectl's connection flags by their long names; empty: not given.
struct ConnectionFlags {
  std::string kubeconfig;
  std::string context;
  std::string cluster;
  std::string user;
  std::string namespace_name;  ///< -n, --namespace
  std::string server;          ///< -s, --server
  std::string tls_server_name;
  std::string certificate_authority;  ///< Path
  std::string client_certificate;     ///< Path
  std::string client_key;             ///< Path
  std::string token;
  std::string username;
  std::string password;
  std::string as;
  std::string as_uid;
  std::vector<std::string> as_groups;      ///< --as-group, repeatable
  std::vector<std::string> as_user_extra;  ///< --as-user-extra KEY=VALUE, repeatable
  std::string request_timeout;             ///< "0", "30" (seconds), "1m30s"
  bool insecure_skip_tls_verify = false;
};

/// What is read besides the flags; tests put their own in.
struct Environment {
  std::function<std::optional<std::string>(const std::string& name)> variable;
  /// error_number is ENOENT where there is no such file.
  std::function<protocol::Result<std::string>(const std::string& path)> read_file;
  std::optional<std::string> home_folder;
  char list_separator = ':';
};

/// The process's own.
Environment ProcessEnvironment();

/// The error is one sentence for people and names file and line, or the flag, where there is one.
protocol::Result<Connection> ResolveConnection(
    const ConnectionFlags& flags, const Environment& environment = ProcessEnvironment());

}  // namespace netcheck::kube
