#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "kube/api.h"
#include "kube/connection.h"
#include "kube/exec_credential.h"

namespace netcheck::kube {

/// What goes onto the wire.
struct Identity {
  std::string authorization;  ///< Value of the header; empty: none.
  std::string client_certificate;
  std::string client_key;
};

/// Turns Credentials into an Identity, and gets a new one when it has become old: token files are
/// read again each minute, as client-go does, exec plugins run again after their expiry.
class CredentialSource {
 public:
  /// `connection` must outlive it.
  explicit CredentialSource(const Connection& connection) : connection_(connection) {}

  ApiResult<Identity> Get();

  /// After a 401: whether the next Get() may give other credentials.
  bool Renew();

  /// What we can see to be wrong with the last identity, as a part of a sentence: "its client
  /// certificate expired on ..."; empty: nothing.
  [[nodiscard]] std::string KnownFault() const;

 private:
  using Clock = std::chrono::steady_clock;

  ApiResult<std::string> Token();
  ApiResult<Identity> FromExec();
  [[nodiscard]] bool UsesExec() const;

  const Connection& connection_;
  std::string file_token_;
  Clock::time_point file_read_{};
  std::optional<ExecCredential> exec_;
  Identity last_;
};

/// Whether `token` is a JWT (RFC 7519) whose "exp" lies before `now`, seconds since 1970.
bool TokenExpired(const std::string& token, std::int64_t now);

}  // namespace netcheck::kube
