#include "kube/client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <thread>

#include "kube/certificates.h"
#include "kube/credential_source.h"
#include "kube/header_value.h"
#include "kube/http_session.h"
#include "kube/status.h"
#include "kube/transport_error.h"
#include "protocol/json.h"

namespace netcheck::kube {
namespace {

using protocol::Error;
using std::chrono::milliseconds;
using std::chrono::seconds;

// The API server ends a request itself after 60 s (its --request-timeout), so more silence than
// that is a dead connection.
constexpr milliseconds kMaxSilence{75'000};
// A stream's caller may want to wait only shortly for more data, the server gets this for the head.
constexpr milliseconds kMinStreamHead{10'000};
constexpr int kMaxRetries = 5;
constexpr seconds kMaxRetryAfter{30};

const char* MethodOf(Verb verb) {
  switch (verb) {
    case Verb::kGet:
      return "GET";
    case Verb::kCreate:
      return "POST";
    case Verb::kDelete:
      return "DELETE";
  }
  return "";
}

std::string Target(const Request& request) {
  std::string target = request.path;
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    target += separator + Escape(name) + "=" + Escape(value);
    separator = '&';
  }
  return target;
}

std::vector<std::string> ImpersonationHeaders(const Impersonation& impersonation) {
  std::vector<std::string> headers;
  if (impersonation.user.empty()) {
    return headers;
  }
  headers.push_back("Impersonate-User: " + impersonation.user);
  if (!impersonation.uid.empty()) {
    headers.push_back("Impersonate-Uid: " + impersonation.uid);
  }
  for (const std::string& group : impersonation.groups) {
    headers.push_back("Impersonate-Group: " + group);
  }
  for (const auto& [key, values] : impersonation.extra) {
    for (const std::string& value : values) {
      headers.push_back("Impersonate-Extra-" + EscapeHeaderName(key) + ": " + value);
    }
  }
  return headers;
}

/// How long the server wants us to wait; nullopt: it doesn't want us to come back.
std::optional<seconds> RetryAfter(const HttpAnswer& answer) {
  if (answer.status != 429 && answer.status < 500) {
    return std::nullopt;
  }
  int wait = 0;
  const char* end = answer.retry_after.data() + answer.retry_after.size();
  const auto parsed = std::from_chars(answer.retry_after.data(), end, wait);
  if (parsed.ec != std::errc() || parsed.ptr != end || wait < 0) {
    return std::nullopt;
  }
  return std::min(seconds(wait), kMaxRetryAfter);
}

void Wait(seconds duration, bool interruptible) {
  if (interruptible) {
    os::Sleep(duration);
  } else {
    std::this_thread::sleep_for(duration);
  }
}

class Client final : public Api {
 public:
  Client(Connection connection, std::function<int()> interrupted)
      : connection_(std::move(connection)),
        source_(connection_),
        session_(connection_, std::move(interrupted)) {}

  ApiResult<Json> Call(const Request& request) override {
    HttpLimits limits;
    limits.whole = Timeout(request);
    limits.head = kMaxSilence;
    limits.silence = kMaxSilence;
    limits.interruptible = !request.even_if_interrupted;
    const auto answer = Send(request, limits, nullptr);
    if (!answer) {
      return answer.error();
    }
    Json value = Json::parse(answer->body, nullptr, false);
    if (value.is_discarded()) {
      return NotJson(answer->status, answer->body, Asked(request));
    }
    return value;
  }

  ApiResult<void> Stream(const Request& request,
                         const std::function<bool(std::string_view)>& on_data,
                         milliseconds idle_limit) override {
    HttpLimits limits;
    limits.head =
        Timeout(request).count() > 0 ? Timeout(request) : std::max(idle_limit, kMinStreamHead);
    limits.silence = idle_limit;
    limits.interruptible = !request.even_if_interrupted;
    const auto answer = Send(request, limits, &on_data);
    return answer ? ApiResult<void>() : ApiResult<void>(answer.error());
  }

 private:
  [[nodiscard]] milliseconds Timeout(const Request& request) const {
    return request.timeout.count() > 0 ? request.timeout : connection_.request_timeout;
  }

  /// For messages.
  [[nodiscard]] std::string Asked(const Request& request) const {
    return fmt::format("{} {}{}", MethodOf(request.verb), connection_.server, request.path);
  }

  /// With a new identity after 401, and again when the server says "later".
  ApiResult<HttpAnswer> Send(const Request& request,
                             const HttpLimits& limits,
                             const HttpSession::Receiver* receiver) {
    const HttpRequest http{MethodOf(request.verb),
                           Target(request),
                           request.body.is_null() ? "" : request.body.dump(),
                           ImpersonationHeaders(connection_.impersonation)};
    bool renewed = false;
    for (int retries = 0;;) {
      const auto identity = source_.Get();
      if (!identity) {
        return identity.error();
      }
      auto answer = session_.Perform(http, *identity, limits, receiver);
      if (!answer || (answer->status >= 200 && answer->status < 300)) {
        return answer;
      }
      if (answer->status == 401 && !renewed && source_.Renew()) {
        renewed = true;
        continue;
      }
      const auto wait = RetryAfter(*answer);
      if (!wait || retries == kMaxRetries) {
        return Refusal(*answer, request);
      }
      ++retries;
      Wait(*wait, limits.interruptible);
    }
  }

  ApiError Refusal(const HttpAnswer& answer, const Request& request) const {
    if (answer.status >= 300 && answer.status < 400 && !answer.location.empty()) {
      return {Failure::kServer,
              answer.status,
              "",
              fmt::format("{} was redirected to {}, which netcheck does not follow: check the "
                          "server address in the kubeconfig",
                          Asked(request),
                          answer.location)};
    }
    ApiError error = DecodeFailure(answer.status, answer.body, Asked(request));
    if (error.failure == Failure::kUnauthorized) {
      const std::string fault = source_.KnownFault();
      error.message = fmt::format(
          "{} does not accept the user{} (401 Unauthorized){}: log in again, or check the "
          "kubeconfig's credentials",
          connection_.server,
          connection_.user.empty() ? "" : " \"" + connection_.user + "\"",
          fault.empty() ? "" : ", " + fault);
    }
    return error;
  }

  const Connection connection_;  ///< The two below refer to it.
  CredentialSource source_;
  HttpSession session_;
};

std::optional<std::string> Problem(const Connection& connection) {
  const Credentials& credentials = connection.credentials;
  if (!connection.certificate_authority.empty() &&
      CountCertificates(connection.certificate_authority) == 0) {
    return "certificate-authority holds no PEM certificate";
  }
  if (!credentials.client_certificate.empty()) {
    if (auto problem = KeyPairProblem(credentials.client_certificate, credentials.client_key)) {
      return problem;
    }
  }
  if (!FitsHeader(credentials.token)) {
    return "the token holds a line break or another character that can't stand in an HTTP header";
  }
  for (const std::string& header : ImpersonationHeaders(connection.impersonation)) {
    if (!FitsHeader(header)) {
      return "the user, uid, group or extra field to impersonate holds a control character";
    }
  }
  return std::nullopt;
}

}  // namespace

protocol::Result<std::unique_ptr<Api>> Connect(const Connection& connection,
                                               std::function<int()> interrupted) {
  // Here and not in a constructor of the program: most commands that need no server are over sooner
  // than this takes.
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialised != CURLE_OK) {
    return Error{std::string("libcurl can't be used: ") + curl_easy_strerror(initialised)};
  }
  if (const auto problem = Problem(connection)) {
    return Error{*problem};
  }
  return std::unique_ptr<Api>(std::make_unique<Client>(connection, std::move(interrupted)));
}

}  // namespace netcheck::kube
