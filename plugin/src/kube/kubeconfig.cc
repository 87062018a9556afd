#include "kube/kubeconfig.h"

#include "kube/in_cluster.h"
#include "kube/kubeconfig_load.h"
#include "kube/kubeconfig_select.h"
#include "kube/proxy.h"
#include "kube/request_timeout.h"
#include "kube/url.h"
#include "os/os.h"
#include "protocol/json.h"

namespace netcheck::kube {
namespace {

using protocol::Error;
using protocol::Result;

Result<std::string> Content(const FileOrData& source,
                            const std::string& what,
                            const Environment& environment) {
  if (!source.data.empty() || source.path.empty()) {
    return source.data;
  }
  const auto content = environment.read_file(source.path);
  if (!content) {
    return Error{what + ": " + content.error().message, content.error().error_number};
  }
  return *content;
}

Result<void> SetServer(const ClusterEntry& cluster,
                       const Environment& environment,
                       Connection& connection) {
  // Without a scheme client-go takes http.
  connection.server =
      cluster.server.find("://") == std::string::npos ? "http://" + cluster.server : cluster.server;
  connection.server.erase(connection.server.find_last_not_of('/') + 1);
  const auto url = ParseUrl(connection.server);
  if (!url || (url->scheme != "https" && url->scheme != "http")) {
    return Error{"the server address \"" + cluster.server +
                 "\" is not of the form https://HOST:PORT"};
  }
  if (!cluster.proxy_url.empty() && !IsProxyUrl(cluster.proxy_url)) {
    return Error{"the proxy-url \"" + cluster.proxy_url +
                 "\" is not of the form http://, https:// or socks5://HOST:PORT"};
  }
  connection.proxy = cluster.proxy_url.empty() ? ProxyFromEnvironment(*url, environment.variable)
                                               : cluster.proxy_url;
  return {};
}

Result<void> SetTrust(const ClusterEntry& cluster,
                      const Environment& environment,
                      Connection& connection) {
  if (cluster.insecure_skip_tls_verify && !cluster.certificate_authority.empty()) {
    return Error{
        "the kubeconfig's cluster has both insecure-skip-tls-verify and a certificate-authority: "
        "remove one of them"};
  }
  const auto authority =
      Content(cluster.certificate_authority, "certificate-authority", environment);
  if (!authority) {
    return authority.error();
  }
  connection.certificate_authority = *authority;
  connection.insecure_skip_tls_verify = cluster.insecure_skip_tls_verify;
  connection.tls_server_name = cluster.tls_server_name;
  return {};
}

/// client-go's validateAuthInfo(), for what can't work.
Result<void> CheckUser(const UserEntry& user, const std::string& name) {
  const std::string who = "the kubeconfig's user \"" + name + "\"";
  if (!user.auth_provider.empty()) {
    return Error{who + " authenticates by the auth-provider \"" + user.auth_provider +
                 "\", which Kubernetes removed in 1.26: it needs an exec credential plugin"};
  }
  if (!user.token.empty() && (!user.username.empty() || !user.password.empty())) {
    return Error{who + " has both a token and a user name: only one of them can be used"};
  }
  if (!user.client_certificate.empty() && user.client_key.empty()) {
    return Error{who + " has a client-certificate but no client-key"};
  }
  return {};
}

Result<void> SetCredentials(const UserEntry& user,
                            const protocol::Json& exec_config,
                            const Environment& environment,
                            Connection& connection) {
  Credentials& credentials = connection.credentials;
  if (!user.client_certificate.empty()) {
    const auto certificate = Content(user.client_certificate, "client-certificate", environment);
    if (!certificate) {
      return certificate.error();
    }
    const auto key = Content(user.client_key, "client-key", environment);
    if (!key) {
      return key.error();
    }
    credentials.client_certificate = *certificate;
    credentials.client_key = *key;
  }
  if (user.token.empty() && !user.token_file.empty()) {
    if (const auto file = environment.read_file(user.token_file); !file) {
      return Error{"tokenFile: " + file.error().message, file.error().error_number};
    }
  }
  credentials.token = user.token;
  credentials.token_file = user.token_file;
  credentials.username = user.username;
  credentials.password = user.password;
  credentials.exec = user.exec;
  if (credentials.exec) {
    credentials.exec->cluster_config = exec_config;
  }
  return {};
}

Result<void> SetImpersonation(const Impersonation& impersonation, Connection& connection) {
  const bool more =
      !impersonation.uid.empty() || !impersonation.groups.empty() || !impersonation.extra.empty();
  if (impersonation.user.empty() && more) {
    return Error{
        "a uid, groups or extra fields can be impersonated only together with a user: "
        "use --as"};
  }
  connection.impersonation = impersonation;
  return {};
}

Result<void> SetTimeout(const std::string& text, Connection& connection) {
  if (text.empty()) {
    return {};
  }
  const auto timeout = ParseRequestTimeout(text);
  if (!timeout) {
    return Error{"--request-timeout " + text +
                 " is no duration: a number of seconds, or a number with a unit (10s, 2m, 1h), "
                 "is expected"};
  }
  connection.request_timeout = *timeout;
  return {};
}

void SetNamespace(const ConnectionFlags& flags,
                  const Selection& selection,
                  const std::optional<InCluster>& in_cluster,
                  Connection& connection) {
  const std::string own = in_cluster ? in_cluster->namespace_name : "";
  for (const std::string& name : {flags.namespace_name, selection.namespace_name, own}) {
    if (!name.empty()) {
      connection.default_namespace = name;
      return;
    }
  }
}

Result<void> Fill(const Selection& selection,
                  const Environment& environment,
                  Connection& connection) {
  if (auto done = SetServer(selection.cluster, environment, connection); !done) {
    return done;
  }
  if (auto done = SetImpersonation(selection.user.impersonation, connection); !done) {
    return done;
  }
  // No secret travels in the clear: over http client-go uses none of these either.
  if (ParseUrl(connection.server)->scheme != "https") {
    return {};
  }
  if (auto done = SetTrust(selection.cluster, environment, connection); !done) {
    return done;
  }
  if (auto done = CheckUser(selection.user, selection.user_name); !done) {
    return done;
  }
  return SetCredentials(selection.user, selection.cluster.exec_config, environment, connection);
}

}  // namespace

Environment ProcessEnvironment() {
  return {os::Environment,
          [](const std::string& path) { return os::ReadFile(path); },
          os::HomeFolder(),
          os::ListSeparator()};
}

Result<Connection> ResolveConnection(const ConnectionFlags& flags, const Environment& environment) {
  const auto loaded = LoadKubeconfig(flags.kubeconfig, environment);
  if (!loaded) {
    return loaded.error();
  }
  auto selection = Select(flags, loaded->merged);
  if (!selection) {
    return selection.error();
  }
  const auto in_cluster = FindInCluster(environment);
  if (selection->cluster.server.empty() && flags.server.empty()) {
    if (!in_cluster) {
      return NoServer(*loaded, *selection);
    }
    selection->cluster = in_cluster->cluster;
    selection->user = in_cluster->user;
    if (!flags.token.empty()) {
      selection->user.token_file.clear();
    }
  }
  OverrideCluster(flags, selection->cluster);
  if (const auto done = OverrideUser(flags, selection->user); !done) {
    return done.error();
  }

  Connection connection;
  connection.context = selection->context_name;
  connection.user = selection->user_name;
  SetNamespace(flags, *selection, in_cluster, connection);
  if (const auto done = SetTimeout(flags.request_timeout, connection); !done) {
    return done.error();
  }
  if (const auto done = Fill(*selection, environment, connection); !done) {
    return done.error();
  }
  return connection;
}

}  // namespace netcheck::kube
