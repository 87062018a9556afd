#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "checks/http_header.h"

namespace netcheck::probe {

/// kubelet reads no more of a body (pkg/probe/http/http.go, maxRespBodyLength).
inline constexpr std::size_t kMaxBodyBytes = 10240;

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;
  std::int64_t content_length = -1;  ///< -1: not known in advance.
  std::string body;                  ///< As much of it as was to be read.
};

}  // namespace netcheck::probe
