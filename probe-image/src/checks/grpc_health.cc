#include "checks/grpc_health.h"

#include <array>
#include <vector>

namespace netcheck::probe {
namespace {

constexpr std::uint64_t kServiceTag = 1U << 3U | 2U;
constexpr std::uint64_t kStatusTag = 1U << 3U | 0U;
constexpr std::uint64_t kMaxField = (1U << 29U) - 1;
constexpr std::size_t kMaxDepth = 10000;  ///< Of groups (protobuf-go, protowire).

void AppendVarint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) {
    out += static_cast<char>(0x80U | (value & 0x7fU));
  }
  out += static_cast<char>(value);
}

std::optional<std::uint64_t> TakeVarint(std::string_view& bytes) {
  constexpr std::size_t kMaxBytes = 10;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kMaxBytes && i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (i + 1 == kMaxBytes && byte > 1) {
      return std::nullopt;
    }
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << (7 * i);
    if (byte < 0x80) {
      bytes.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

bool Skip(std::string_view& bytes, std::uint64_t size) {
  if (size > bytes.size()) {
    return false;
  }
  bytes.remove_prefix(static_cast<std::size_t>(size));
  return true;
}

/// The fields of one message, one after the other; `groups` are those that are open.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : bytes_(bytes) {}

  /// False for what is not well formed.
  bool Next(std::int32_t& status);
  [[nodiscard]] bool done() const { return bytes_.empty(); }
  [[nodiscard]] bool complete() const { return groups_.empty(); }

 private:
  bool SkipValue(std::uint64_t field, unsigned wire_type);

  std::string_view bytes_;
  std::vector<std::uint64_t> groups_;
};

bool FieldReader::Next(std::int32_t& status) {
  const auto tag = TakeVarint(bytes_);
  if (!tag || *tag >> 3U == 0 || *tag >> 3U > kMaxField) {
    return false;
  }
  if (*tag == kStatusTag && groups_.empty()) {
    const auto value = TakeVarint(bytes_);
    status = static_cast<std::int32_t>(static_cast<std::uint32_t>(value.value_or(0)));
    return value.has_value();
  }
  return SkipValue(*tag >> 3U, static_cast<unsigned>(*tag & 7U));
}

bool FieldReader::SkipValue(std::uint64_t field, unsigned wire_type) {
  switch (wire_type) {
    case 0:
      return TakeVarint(bytes_).has_value();
    case 1:
      return Skip(bytes_, 8);
    case 2: {
      const auto size = TakeVarint(bytes_);
      return size && Skip(bytes_, *size);
    }
    case 3:
      groups_.push_back(field);
      return groups_.size() <= kMaxDepth;
    case 4: {
      const bool matches = !groups_.empty() && groups_.back() == field;
      if (matches) {
        groups_.pop_back();
      }
      return matches;
    }
    case 5:
      return Skip(bytes_, 4);
    default:
      return false;
  }
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
  FieldReader reader(message);
  while (!reader.done()) {
    if (!reader.Next(status)) {
      return std::nullopt;
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
