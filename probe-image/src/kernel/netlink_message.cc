#include "kernel/netlink_message.h"

#include <linux/netlink.h>

#include <algorithm>

namespace netcheck::probe {
namespace {

constexpr std::size_t Align(std::size_t length) {
  return (length + 3U) & ~std::size_t{3};
}

}  // namespace

std::optional<std::vector<NetlinkMessage>> ParseNetlinkMessages(Bytes datagram) {
  std::vector<NetlinkMessage> messages;
  while (!datagram.empty()) {
    const auto header = ReadStruct<nlmsghdr>(datagram);
    if (!header || header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > datagram.size()) {
      return std::nullopt;
    }
    const auto payload = datagram.subspan(sizeof(nlmsghdr), header->nlmsg_len - sizeof(nlmsghdr));
    messages.push_back({header->nlmsg_type, header->nlmsg_flags, header->nlmsg_seq, payload});
    datagram = datagram.subspan(std::min(Align(header->nlmsg_len), datagram.size()));
  }
  return messages;
}

std::optional<NetlinkAttribute> TakeNetlinkAttribute(Bytes& bytes) {
  const auto header = ReadStruct<nlattr>(bytes);
  if (!header || header->nla_len < sizeof(nlattr) || header->nla_len > bytes.size()) {
    return std::nullopt;
  }
  const auto type = static_cast<std::uint16_t>(header->nla_type & NLA_TYPE_MASK);
  const auto value = bytes.subspan(sizeof(nlattr), header->nla_len - sizeof(nlattr));
  bytes = bytes.subspan(std::min(Align(header->nla_len), bytes.size()));
  return NetlinkAttribute{type, value};
}

std::optional<std::vector<NetlinkAttribute>> ParseNetlinkAttributes(Bytes bytes) {
  std::vector<NetlinkAttribute> attributes;
  while (!bytes.empty()) {
    const auto attribute = TakeNetlinkAttribute(bytes);
    if (!attribute) {
      return std::nullopt;
    }
    attributes.push_back(*attribute);
  }
  return attributes;
}

Bytes FindAttribute(const std::vector<NetlinkAttribute>& attributes, std::uint16_t type) {
  const auto found =
      std::find_if(attributes.begin(), attributes.end(), [type](const NetlinkAttribute& attribute) {
        return attribute.type == type;
      });
  return found == attributes.end() ? Bytes() : found->value;
}

std::optional<int> ParseNetlinkError(Bytes payload) {
  const auto error = ReadStruct<std::int32_t>(payload);
  if (!error || *error > 0 || *error < -4095) {  // MAX_ERRNO
    return std::nullopt;
  }
  return -*error;
}

NetlinkRequest::NetlinkRequest(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = flags;
  header.nlmsg_seq = sequence;
  Append(header);
}

void NetlinkRequest::AppendBytes(Bytes bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  buffer_.resize(Align(buffer_.size()));
}

void NetlinkRequest::AppendAttribute(std::uint16_t type, Bytes value) {
  nlattr header{};
  header.nla_type = type;
  header.nla_len = static_cast<std::uint16_t>(sizeof header + value.size());
  Append(header);
  AppendBytes(value);
}

std::size_t NetlinkRequest::BeginNested(std::uint16_t type) {
  const std::size_t start = buffer_.size();
  AppendAttribute(static_cast<std::uint16_t>(type | NLA_F_NESTED), {});
  return start;
}

void NetlinkRequest::EndNested(std::size_t start) {
  const auto length = static_cast<std::uint16_t>(buffer_.size() - start);
  std::memcpy(buffer_.data() + start + offsetof(nlattr, nla_len), &length, sizeof length);
}

std::vector<std::uint8_t> NetlinkRequest::Finish() const {
  auto request = buffer_;
  const auto length = static_cast<std::uint32_t>(request.size());
  std::memcpy(request.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
  return request;
}

}  // namespace netcheck::probe
