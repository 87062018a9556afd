#pragma once

#include <string>
#include <string_view>

#include "kube/api.h"

namespace netcheck::kube {

/// What an answer other than 2xx means. `body` is a metav1.Status where the API server itself
/// answered (k8s.io/apimachinery/pkg/apis/meta/v1/types.go); a proxy sends what it likes. `asked`
/// is "GET https://host/path".
ApiError DecodeFailure(int http_status, std::string_view body, const std::string& asked);

/// For 2xx with a body that is not JSON.
ApiError NotJson(int http_status, std::string_view body, const std::string& asked);

}  // namespace netcheck::kube
