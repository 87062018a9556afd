#include "kube/credential_source.h"

#include <algorithm>
#include <ctime>

#include "kube/certificates.h"
#include "kube/header_value.h"
#include "os/os.h"
#include "protocol/base64.h"
#include "protocol/json.h"

namespace netcheck::kube {
namespace {

constexpr std::chrono::minutes kTokenFileAge{1};
constexpr const char* kBearer = "Bearer ";

ApiError NoCredentials(const std::string& message) {
  return {Failure::kCredentials, 0, "", message};
}

std::int64_t Now() {
  return std::time(nullptr);
}

std::string Trimmed(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  return first == std::string::npos ? ""
                                    : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

bool TokenExpired(const std::string& token, std::int64_t now) {
  const std::size_t begin = token.find('.') + 1;
  const std::size_t end = token.find('.', begin);
  if (begin == 0 || end == std::string::npos) {
    return false;
  }
  std::string payload = token.substr(begin, end - begin);
  std::replace(payload.begin(), payload.end(), '-', '+');  // base64url, RFC 4648 §5
  std::replace(payload.begin(), payload.end(), '_', '/');
  const auto decoded = protocol::Base64Decode(payload);
  const Json claims = decoded ? Json::parse(*decoded, nullptr, false) : Json();
  if (!claims.is_object()) {
    return false;
  }
  const auto expires = claims.find("exp");
  return expires != claims.end() && expires->is_number() &&
         expires->get<double>() < static_cast<double>(now);
}

ApiResult<Identity> CredentialSource::Get() {
  const Credentials& credentials = connection_.credentials;
  if (UsesExec()) {
    return FromExec();
  }
  Identity identity{"", credentials.client_certificate, credentials.client_key};
  const auto token = Token();
  if (!token) {
    return token.error();
  }
  if (!token->empty()) {
    identity.authorization = kBearer + *token;
  } else if (!credentials.username.empty() || !credentials.password.empty()) {
    identity.authorization =
        "Basic " + protocol::Base64Encode(credentials.username + ":" + credentials.password);
  }
  last_ = identity;
  return identity;
}

ApiResult<std::string> CredentialSource::Token() {
  const Credentials& credentials = connection_.credentials;
  if (credentials.token_file.empty()) {
    return credentials.token;
  }
  if (file_token_.empty() || Clock::now() - file_read_ >= kTokenFileAge) {
    const auto content = os::ReadFile(credentials.token_file);
    const std::string token = content ? Trimmed(*content) : "";
    if (!token.empty() && FitsHeader(token)) {
      file_token_ = token;
      file_read_ = Clock::now();
    } else if (file_token_.empty() && credentials.token.empty()) {
      return NoCredentials(content ? "the token file " + credentials.token_file + " holds no token"
                                   : "tokenFile: " + content.error().message);
    }
  }
  return file_token_.empty() ? credentials.token : file_token_;
}

ApiResult<Identity> CredentialSource::FromExec() {
  if (!exec_ || (exec_->expires && *exec_->expires <= Now())) {
    const bool interrupted_before = os::Interrupted() != 0;
    auto credential = RunExecPlugin(connection_, *connection_.credentials.exec);
    if (!credential) {
      ApiError error = NoCredentials(credential.error().message);
      if (!interrupted_before && os::Interrupted() != 0) {
        error.failure = Failure::kInterrupted;
      }
      return error;
    }
    if (!FitsHeader(credential->token)) {
      return NoCredentials("the credential plugin's token can't stand in an HTTP header");
    }
    exec_ = *credential;
  }
  last_ = {exec_->token.empty() ? "" : kBearer + exec_->token,
           exec_->client_certificate,
           exec_->client_key};
  return last_;
}

bool CredentialSource::UsesExec() const {
  const Credentials& credentials = connection_.credentials;
  return credentials.exec && credentials.token.empty() && credentials.token_file.empty() &&
         credentials.username.empty() && credentials.client_certificate.empty();
}

bool CredentialSource::Renew() {
  const bool renewable = UsesExec() || !connection_.credentials.token_file.empty();
  exec_.reset();
  file_token_.clear();
  return renewable;
}

std::string CredentialSource::KnownFault() const {
  if (last_.authorization.starts_with(kBearer) &&
      TokenExpired(last_.authorization.substr(std::string_view(kBearer).size()), Now())) {
    return "its token has expired";
  }
  if (const auto date = ExpiredOn(last_.client_certificate)) {
    return "its client certificate expired on " + *date;
  }
  if (last_.authorization.empty() && last_.client_certificate.empty()) {
    return "it has no credentials";
  }
  return {};
}

}  // namespace netcheck::kube
