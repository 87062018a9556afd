#pragma once

#include <curl/curl.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kube/api.h"
#include "kube/connection.h"
#include "kube/credential_source.h"
#include "kube/verify_record.h"

namespace netcheck::kube {

struct HttpRequest {
  std::string method;  ///< GET, POST or DELETE
  std::string target;  ///< "/api/v1/...?...", escaped; the server's prefix comes before it.
  std::string body;    ///< JSON; empty: none.
  std::vector<std::string> headers;  ///< "Name: value"
};

/// Zero: no limit.
struct HttpLimits {
  std::chrono::milliseconds head{0};     ///< Until the head of the answer.
  std::chrono::milliseconds whole{0};    ///< Until its end.
  std::chrono::milliseconds silence{0};  ///< Without a byte, after the head.
  bool interruptible = true;
};

struct HttpAnswer {
  int status = 0;
  std::string body;          ///< At most 256 MiB.
  std::string retry_after;   ///< Header; empty: none.
  std::string location;      ///< Header; empty: none.
  bool fell_silent = false;  ///< The limit on silence ended a body of 2xx.
};

/// HTTP over libcurl to one server, with kept-alive connections. Redirects are not followed.
class HttpSession {
 public:
  /// Gets parts of a 2xx body; false: enough.
  using Receiver = std::function<bool(std::string_view)>;

  HttpSession(const Connection& connection, std::function<int()> interrupted);
  ~HttpSession();
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  /// Without `receiver` the body is collected, and silence is an error (kTimeout). With one, the
  /// receiver gets the body of a 2xx as it comes, and silence ends it.
  ApiResult<HttpAnswer> Perform(const HttpRequest& request,
                                const Identity& identity,
                                const HttpLimits& limits,
                                const Receiver* receiver);

 private:
  struct Transfer;
  struct Freed {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  using Headers = std::unique_ptr<curl_slist, Freed>;

  void SetUp();
  void SetTrust();
  void SetProxy();
  Headers SetRequest(const HttpRequest& request, const Identity& identity);
  ApiResult<CURLcode> Drive(Transfer& transfer, const HttpLimits& limits);
  ApiResult<HttpAnswer> Finish(Transfer& transfer, CURLcode code);

  const Connection& connection_;
  std::function<int()> interrupted_;
  std::string base_url_;  ///< With tls-server-name as its host where there is one.
  std::string host_header_;
  CURLM* multi_;
  std::unique_ptr<CURL, Freed> easy_;
  Headers connect_to_;
  std::unique_ptr<char[]> error_text_;
  VerifyRecord verify_record_;
};

}  // namespace netcheck::kube
