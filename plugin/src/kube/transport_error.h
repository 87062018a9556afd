#pragma once

#include <curl/curl.h>

#include <chrono>
#include <string>

#include "kube/api.h"
#include "kube/connection.h"

namespace netcheck::kube {

/// What libcurl knows of a request that got no whole answer.
struct TransportFault {
  CURLcode code = CURLE_OK;
  std::string text;       ///< CURLOPT_ERRORBUFFER
  int verify_result = 0;  ///< X509_V_ERR_* of OpenSSL, X509_V_OK: the chain was good.
  long os_errno = 0;
  long proxy_status = 0;  ///< The proxy's answer to CONNECT, 0: none.
  bool has_head = false;  ///< The head of the answer had come.
};

/// One sentence that names the server, what happened and what to do.
ApiError TransportError(const Connection& connection, const TransportFault& fault);

ApiError TimeoutError(const Connection& connection, std::chrono::milliseconds limit);
ApiError InterruptedError();

}  // namespace netcheck::kube
