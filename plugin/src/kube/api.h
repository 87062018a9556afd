#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/json.h"
#include "protocol/result.h"

// The API server as the rest of the plugin sees it: requests in, JSON out. Who reaches it, and how,
// is the business of client.h.
namespace netcheck::kube {

using protocol::Json;

enum class Failure {
  kUnreachable,   ///< No connection: refused, no route, name not resolved, connection lost.
  kTls,           ///< The server's certificate is not trusted, or TLS failed.
  kTimeout,       ///< --request-timeout passed.
  kUnauthorized,  ///< 401
  kForbidden,     ///< 403
  kNotFound,      ///< 404
  kConflict,      ///< 409
  kInvalid,       ///< 400, 422
  kServer,        ///< Any other status, or an answer that is not what the API promises.
  kCredentials,   ///< An exec credential plugin or token file gave none.
  kInterrupted,   ///< The user asked to stop.
};

struct ApiError {
  Failure failure = Failure::kServer;
  int http_status = 0;  ///< 0: no answer.
  std::string reason;   ///< metav1.Status.reason: "NotFound", "Forbidden" ...
  std::string message;  ///< One sentence for people; the server's own message where there is one.
};

template <typename T>
using ApiResult = protocol::Result<T, ApiError>;

enum class Verb { kGet, kCreate, kDelete };

struct Request {
  Verb verb = Verb::kGet;
  std::string path;  ///< "/api/v1/namespaces/default/pods/web"
  std::vector<std::pair<std::string, std::string>> query;  ///< Not yet escaped.
  Json body;                                               ///< null: none.
  /// Cleaning up must work after Ctrl-C: such a request is neither refused nor broken off by it.
  bool even_if_interrupted = false;
  /// For this request instead of --request-timeout; 0: none of its own.
  std::chrono::milliseconds timeout{0};
};

/// One segment of a path, or one side of a query, as RFC 3986 §2 wants it in a URL: everything but
/// letters, digits and "-._~" becomes %XX. Names that a user typed go through it.
std::string Escape(std::string_view text);

/// One narrow seam: unit tests put a stateful fake here.
class Api {
 public:
  virtual ~Api() = default;

  /// Sends the request and reads the whole answer, which must be JSON. Where the server says
  /// "later" (429 or 5xx with Retry-After) it is asked again a few times.
  virtual ApiResult<Json> Call(const Request& request) = 0;

  /// Reads the body of a GET as it comes (watch, pods/log). Ends with success when the server ends
  /// the body, when `on_data` returns false, or when nothing came for `idle_limit`. A connection
  /// lost in the middle of the body is kUnreachable. A timeout limits the wait for the head of the
  /// answer, not the body.
  virtual ApiResult<void> Stream(const Request& request,
                                 const std::function<bool(std::string_view)>& on_data,
                                 std::chrono::milliseconds idle_limit) = 0;
};

}  // namespace netcheck::kube
