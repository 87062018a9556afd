#include "checks/grpc_health.h"

#include <array>

#include "checks/protobuf_reader.h"

namespace netcheck::probe {
namespace {

constexpr std::uint64_t kServiceTag = 1U << 3U | 2U;

void AppendVarint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) {
    out += static_cast<char>(0x80U | (value & 0x7fU));
  }
  out += static_cast<char>(value);
}

}  // namespace

std::string EncodeHealthRequest(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    AppendVarint(message, kServiceTag);
    AppendVarint(message, service.size());
    message += service;
  }
  return message;
}

std::optional<std::int32_t> DecodeHealthStatus(std::string_view message) {
  std::int32_t status = 0;
  ProtobufReader reader(message);
  while (const auto field = reader.Next()) {
    if (field->number == 1 && field->wire_type == ProtobufField::kVarint) {
      status = static_cast<std::int32_t>(static_cast<std::uint32_t>(field->value));
    }
  }
  return reader.complete() ? std::optional(status) : std::nullopt;
}

std::string ServingStatusName(std::int32_t status) {
  static constexpr std::array<const char*, 4> kNames = {
      "UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
  return status >= 0 && status < static_cast<std::int32_t>(kNames.size())
             ? kNames[static_cast<std::size_t>(status)]
             : std::to_string(status);
}

}  // namespace netcheck::probe
