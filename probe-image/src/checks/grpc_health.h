#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The two messages of grpc.health.v1.Health/Check in protobuf's encoding. Pure.
namespace netcheck::probe {

/// A HealthCheckRequest for `service`; "" for the server as a whole.
std::string EncodeHealthRequest(std::string_view service);

/// The status of a HealthCheckResponse; 0 where it names none. nullopt: not a message of protobuf.
/// Unknown fields are skipped, of repeated ones the last counts.
std::optional<std::int32_t> DecodeHealthStatus(std::string_view message);

inline constexpr std::int32_t kServing = 1;
/// "SERVING", "NOT_SERVING" ...; the number where there is no name.
std::string ServingStatusName(std::int32_t status);

}  // namespace netcheck::probe
