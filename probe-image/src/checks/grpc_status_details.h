#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "checks/grpc_status.h"

namespace netcheck::probe {

/// The bytes of a "-bin" field, padded or not. "", or Go's words for what is no base64
/// (internal/transport/http_util.go, decodeBinHeader).
std::string DecodeBase64(std::string_view text, std::string& bytes);

/// A status with what the values of grpc-status-details-bin, decoded, say of it
/// (internal/status, NewWithProto). Of a google.rpc.Status its details are not looked at.
GrpcStatus WithDetails(const GrpcStatus& status, const std::vector<std::string>& details);

}  // namespace netcheck::probe
