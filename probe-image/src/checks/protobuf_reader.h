#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace netcheck::probe {

struct ProtobufField {
  static constexpr unsigned kVarint = 0;
  static constexpr unsigned kBytes = 2;

  std::uint64_t number = 0;
  unsigned wire_type = 0;
  std::uint64_t value = 0;  ///< Of kVarint.
  std::string_view bytes;   ///< Of kBytes.
};

/// The fields of one message in protobuf's encoding, one after the other; those within groups are
/// only checked (protobuf-go, encoding/protowire).
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message) : rest_(message) {}

  /// nullopt at the end, and where the message is not well formed.
  std::optional<ProtobufField> Next();
  /// The message was read to its end and is well formed.
  [[nodiscard]] bool complete() const { return rest_.empty() && groups_.empty() && !broken_; }

 private:
  bool Take(ProtobufField& field);
  bool TakeGroup(const ProtobufField& field);

  std::string_view rest_;
  std::vector<std::uint64_t> groups_;  ///< Those that are open.
  bool broken_ = false;
};

}  // namespace netcheck::probe
