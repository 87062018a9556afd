#pragma once

#include <string>
#include <string_view>

#include "fuzz/fuzz_target.h"
#include "kube/api.h"

namespace netcheck::fuzz {

/// An API server that streams one body, in pieces, and refuses everything else.
class FuzzApi : public kube::Api {
 public:
  explicit FuzzApi(std::string_view body) : body_(body), piece_(64 * PieceBytes(body)) {}

  kube::ApiResult<kube::Json> Call(const kube::Request& /*request*/) override { return Refusal(); }

  kube::ApiResult<void> Stream(const kube::Request& /*request*/,
                               const std::function<bool(std::string_view)>& on_data,
                               std::chrono::milliseconds /*idle_limit*/) override {
    for (; !body_.empty(); body_.remove_prefix(std::min(piece_, body_.size()))) {
      if (!on_data(body_.substr(0, piece_))) {
        break;
      }
    }
    return {};
  }

 private:
  static kube::ApiError Refusal() {
    return {kube::Failure::kForbidden, 403, "Forbidden", "forbidden"};
  }

  std::string_view body_;
  std::size_t piece_;
};

}  // namespace netcheck::fuzz
