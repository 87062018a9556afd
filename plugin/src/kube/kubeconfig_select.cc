#include "kube/kubeconfig_select.h"

#include "kube/known_names.h"

namespace netcheck::kube {
namespace {

using protocol::Error;
using protocol::Result;

template <typename Map>
std::vector<std::string> Keys(const Map& map) {
  std::vector<std::string> keys;
  keys.reserve(map.size());
  for (const auto& [key, value] : map) {
    keys.push_back(key);
  }
  return keys;
}

std::string Joined(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) {
    joined += (joined.empty() ? "" : ", ") + text;
  }
  return joined;
}

/// `what` is "context", "cluster" or "user"; `by` says who named it.
Error Unknown(const std::string& what,
              const std::string& name,
              const std::string& by,
              const std::vector<std::string>& known) {
  return {by + " names the " + what + " \"" + name + "\", which the kubeconfig doesn't define; " +
          KnownNames(name, known)};
}

bool NamesCredentials(const ConnectionFlags& flags) {
  return !flags.token.empty() || !flags.client_certificate.empty() || !flags.username.empty();
}

Result<ContextEntry> SelectContext(const ConnectionFlags& flags,
                                   const Kubeconfig& config,
                                   std::string& name) {
  name = flags.context.empty() ? config.current_context : flags.context;
  if (name.empty()) {
    return ContextEntry{};
  }
  const auto found = config.contexts.find(name);
  if (found == config.contexts.end()) {
    return Unknown("context",
                   name,
                   flags.context.empty() ? "current-context" : "--context",
                   Keys(config.contexts));
  }
  return found->second;
}

/// KEY=VALUE; a key may be given several times.
Result<void> OverrideExtra(const ConnectionFlags& flags, Impersonation& impersonation) {
  if (!flags.as_user_extra.empty()) {
    impersonation.extra.clear();
  }
  for (const std::string& pair : flags.as_user_extra) {
    const std::size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return Error{"--as-user-extra " + pair + ": KEY=VALUE is expected"};
    }
    impersonation.extra[pair.substr(0, equals)].push_back(pair.substr(equals + 1));
  }
  return {};
}

}  // namespace

Result<Selection> Select(const ConnectionFlags& flags, const Kubeconfig& config) {
  Selection selection;
  const auto context = SelectContext(flags, config, selection.context_name);
  if (!context) {
    return context.error();
  }
  const std::string by_context = "the context \"" + selection.context_name + "\"";
  selection.namespace_name = context->namespace_name;

  const std::string& cluster = flags.cluster.empty() ? context->cluster : flags.cluster;
  if (const auto found = config.clusters.find(cluster); found != config.clusters.end()) {
    selection.cluster = found->second;
  } else if (!cluster.empty() && (flags.server.empty() || !flags.cluster.empty())) {
    return Unknown("cluster",
                   cluster,
                   flags.cluster.empty() ? by_context : "--cluster",
                   Keys(config.clusters));
  }

  selection.user_name = flags.user.empty() ? context->user : flags.user;
  if (const auto found = config.users.find(selection.user_name); found != config.users.end()) {
    selection.user = found->second;
  } else if (!selection.user_name.empty() && (!NamesCredentials(flags) || !flags.user.empty())) {
    return Unknown("user",
                   selection.user_name,
                   flags.user.empty() ? by_context : "--user",
                   Keys(config.users));
  }
  return selection;
}

Error NoServer(const LoadedKubeconfig& loaded, const Selection& selection) {
  if (!selection.context_name.empty()) {
    return {"the context \"" + selection.context_name +
            "\" leads to no server address: set clusters[].cluster.server in the kubeconfig, or "
            "use --server"};
  }
  if (!loaded.merged.contexts.empty()) {
    return {"the kubeconfig chooses no context: use --context or `kubectl config use-context`; " +
            KnownNames("", Keys(loaded.merged.contexts))};
  }
  if (!loaded.read.empty()) {
    return {"the kubeconfig " + Joined(loaded.read) +
            " defines no context: use --kubeconfig, $KUBECONFIG or --server to name the cluster"};
  }
  const std::string where =
      loaded.missing.empty() ? "no home folder is set" : "no such file: " + Joined(loaded.missing);
  return {"no kubeconfig (" + where +
          ") and not inside a cluster: use --kubeconfig, $KUBECONFIG or --server to name the "
          "cluster"};
}

void OverrideCluster(const ConnectionFlags& flags, ClusterEntry& cluster) {
  if (flags.insecure_skip_tls_verify || !flags.certificate_authority.empty()) {
    cluster.insecure_skip_tls_verify = flags.insecure_skip_tls_verify;
    cluster.certificate_authority = {flags.certificate_authority, ""};
  }
  // Another server's certificate has another name.
  if (!flags.tls_server_name.empty() || !flags.server.empty()) {
    cluster.tls_server_name = flags.tls_server_name;
  }
  if (!flags.server.empty()) {
    cluster.server = flags.server;
  }
}

Result<void> OverrideUser(const ConnectionFlags& flags, UserEntry& user) {
  const auto override = [](const auto& flag, auto& field) {
    if (!flag.empty()) {
      field = flag;
    }
  };
  // A tokenFile stays and wins even over --token: so it is with kubectl.
  override(flags.token, user.token);
  override(flags.username, user.username);
  override(flags.password, user.password);
  override(flags.as, user.impersonation.user);
  override(flags.as_uid, user.impersonation.uid);
  override(flags.as_groups, user.impersonation.groups);
  if (!flags.client_certificate.empty()) {
    user.client_certificate = {flags.client_certificate, ""};
  }
  if (!flags.client_key.empty()) {
    user.client_key = {flags.client_key, ""};
  }
  return OverrideExtra(flags, user.impersonation);
}

}  // namespace netcheck::kube
