#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kube/connection.h"
#include "protocol/result.h"

// The two sides of client.authentication.k8s.io/{v1,v1beta1} ExecCredential
// (client-go/pkg/apis/clientauthentication/v1/types.go).
namespace netcheck::kube {

struct ExecCredential {
  std::string token;
  std::string client_certificate;       ///< PEM
  std::string client_key;               ///< PEM
  std::optional<std::int64_t> expires;  ///< Seconds since 1970; nullopt: lasts.
};

/// What the plugin gets as $KUBERNETES_EXEC_INFO.
protocol::Json ExecInfo(const Connection& connection, const ExecPlugin& plugin, bool interactive);

/// What it printed; the error completes "the credential plugin ...".
protocol::Result<ExecCredential> ParseExecCredential(std::string_view text,
                                                     const std::string& api_version);

/// Runs the plugin of `connection`. It prints its own troubles to stderr.
protocol::Result<ExecCredential> RunExecPlugin(const Connection& connection,
                                               const ExecPlugin& plugin);

}  // namespace netcheck::kube
