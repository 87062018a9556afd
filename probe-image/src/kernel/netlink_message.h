#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

// Netlink framing (RFC 3549; include/uapi/linux/netlink.h) without trust in any length. Pure.
namespace netcheck::probe {

using Bytes = std::span<const std::uint8_t>;

struct NetlinkMessage {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint32_t sequence = 0;
  Bytes payload;  ///< Behind the header; points into the parsed buffer.
};

/// The messages of one datagram; nullopt when a length contradicts the buffer.
std::optional<std::vector<NetlinkMessage>> ParseNetlinkMessages(Bytes datagram);

struct NetlinkAttribute {
  std::uint16_t type = 0;  ///< Without NLA_F_NESTED and NLA_F_NET_BYTEORDER.
  Bytes value;
};

/// Takes the first attribute off `bytes`. nullopt: its length contradicts them, or they are empty.
std::optional<NetlinkAttribute> TakeNetlinkAttribute(Bytes& bytes);

/// The attributes that fill `bytes`; nullopt when a length contradicts it.
std::optional<std::vector<NetlinkAttribute>> ParseNetlinkAttributes(Bytes bytes);

/// Value of the first attribute of that type; empty when there is none.
Bytes FindAttribute(const std::vector<NetlinkAttribute>& attributes, std::uint16_t type);

/// Copies a fixed-size struct or number from the start of `bytes`; nullopt when they are too few.
template <typename T>
std::optional<T> ReadStruct(Bytes bytes) {
  if (bytes.size() < sizeof(T)) {
    return std::nullopt;
  }
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

/// Errno of a NLMSG_ERROR or NLMSG_DONE payload as a positive number; 0: acknowledged.
std::optional<int> ParseNetlinkError(Bytes payload);

/// Puts one request together.
class NetlinkRequest {
 public:
  NetlinkRequest(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence);

  template <typename T>
  void Append(const T& value) {
    AppendBytes({reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
  }
  void AppendAttribute(std::uint16_t type, Bytes value);
  /// Attributes added until EndNested belong to this one. Returns what EndNested needs.
  std::size_t BeginNested(std::uint16_t type);
  void EndNested(std::size_t start);

  /// The finished request.
  [[nodiscard]] std::vector<std::uint8_t> Finish() const;

 private:
  void AppendBytes(Bytes bytes);

  std::vector<std::uint8_t> buffer_;
};

}  // namespace netcheck::probe
