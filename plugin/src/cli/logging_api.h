#pragma once

#include <functional>
#include <string>

#include "kube/api.h"

namespace netcheck::cli {

/// Reports each request with its outcome and time before handing its answer on: -v.
class LoggingApi : public kube::Api {
 public:
  LoggingApi(kube::Api& api, std::function<void(const std::string& line)> log)
      : api_(api), log_(std::move(log)) {}

  kube::ApiResult<kube::Json> Call(const kube::Request& request) override;
  kube::ApiResult<void> Stream(const kube::Request& request,
                               const std::function<bool(std::string_view)>& on_data,
                               std::chrono::milliseconds idle_limit) override;

 private:
  kube::Api& api_;
  std::function<void(const std::string&)> log_;
};

}  // namespace netcheck::cli
