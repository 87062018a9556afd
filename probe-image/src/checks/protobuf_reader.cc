#include "checks/protobuf_reader.h"

namespace netcheck::probe {
namespace {

constexpr std::uint64_t kMaxField = (1U << 29U) - 1;
constexpr std::size_t kMaxDepth = 10000;  ///< Of groups.
constexpr unsigned k64Bits = 1;
constexpr unsigned kGroup = 3;
constexpr unsigned kGroupEnd = 4;
constexpr unsigned k32Bits = 5;

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

}  // namespace

std::optional<ProtobufField> ProtobufReader::Next() {
  while (!rest_.empty()) {
    ProtobufField field;
    const bool within_group = !groups_.empty();
    if (!Take(field)) {
      broken_ = true;
      return std::nullopt;
    }
    if (!within_group && groups_.empty()) {
      return field;
    }
  }
  return std::nullopt;
}

bool ProtobufReader::Take(ProtobufField& field) {
  const auto tag = TakeVarint(rest_);
  if (!tag || *tag >> 3U == 0 || *tag >> 3U > kMaxField) {
    return false;
  }
  field.number = *tag >> 3U;
  field.wire_type = static_cast<unsigned>(*tag & 7U);
  switch (field.wire_type) {
    case ProtobufField::kVarint: {
      const auto value = TakeVarint(rest_);
      field.value = value.value_or(0);
      return value.has_value();
    }
    case k64Bits:
      return Skip(rest_, 8);
    case ProtobufField::kBytes: {
      const auto size = TakeVarint(rest_);
      const std::string_view from = rest_;
      const bool whole = size && Skip(rest_, *size);
      field.bytes = whole ? from.substr(0, from.size() - rest_.size()) : std::string_view();
      return whole;
    }
    case k32Bits:
      return Skip(rest_, 4);
    default:
      return TakeGroup(field);
  }
}

bool ProtobufReader::TakeGroup(const ProtobufField& field) {
  if (field.wire_type == kGroup) {
    groups_.push_back(field.number);
    return groups_.size() <= kMaxDepth;
  }
  const bool matches =
      field.wire_type == kGroupEnd && !groups_.empty() && groups_.back() == field.number;
  if (matches) {
    groups_.pop_back();
  }
  return matches;
}

}  // namespace netcheck::probe
