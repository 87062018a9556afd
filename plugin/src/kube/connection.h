#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/json.h"

namespace netcheck::kube {

/// `users[].user.exec` of a kubeconfig: a program that prints an ExecCredential
/// (client.authentication.k8s.io/v1, v1beta1).
struct ExecPlugin {
  enum class Interactive { kNever, kIfAvailable, kAlways };

  std::string api_version;
  std::string command;  ///< Found through PATH unless it holds a path separator.
  std::vector<std::string> args;
  std::map<std::string, std::string> environment;  ///< Added to ours.
  std::string install_hint;
  bool provide_cluster_info = false;
  Interactive interactive = Interactive::kIfAvailable;
  /// The cluster's extension "client.authentication.k8s.io/exec"; null: none.
  protocol::Json cluster_config;
};

/// Who we are. Several may be set; client-go's order holds: a bearer token (the file's content
/// wins over the literal one), user name and password, then the exec plugin; a client certificate
/// is presented besides, and makes the exec plugin unnecessary.
struct Credentials {
  std::string token;
  std::string token_file;  ///< Absolute, or relative to the working folder.
  std::string username;
  std::string password;
  std::string client_certificate;  ///< PEM, may hold the whole chain.
  std::string client_key;          ///< PEM
  std::optional<ExecPlugin> exec;
};

struct Impersonation {
  std::string user;
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;
};

/// Everything that is needed to talk to one API server as one user. Files have been read.
struct Connection {
  std::string server;  ///< As in the kubeconfig, with a scheme and without a slash at the end.
  std::string certificate_authority;  ///< PEM; empty: the system's own.
  bool insecure_skip_tls_verify = false;
  std::string tls_server_name;  ///< For SNI and verification; empty: the server's host.
  std::string proxy;            ///< "http://proxy:3128"; empty: none.
  Credentials credentials;
  Impersonation impersonation;
  std::chrono::milliseconds request_timeout{0};  ///< 0: none.

  std::string default_namespace = "default";  ///< --namespace, the context's, or the pod's own.
  std::string context;  ///< For messages; empty: no context was used (in-cluster, --server).
  std::string user;     ///< Name of the kubeconfig's user, for messages.
};

}  // namespace netcheck::kube
