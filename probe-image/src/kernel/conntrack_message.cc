#include "kernel/conntrack_message.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>

#include <array>

#include "kernel/address_text.h"

namespace netcheck::probe {
namespace {

using protocol::ConntrackTuple;
using protocol::Error;
using protocol::Result;

constexpr std::uint16_t kGetType = (NFNL_SUBSYS_CTNETLINK << 8U) | IPCTNL_MSG_CT_GET;

Bytes AddressBytes(const IpAddress& address) {
  return Bytes(address.bytes).first(address.family == AF_INET ? 4 : 16);
}

void AppendPort(NetlinkRequest& request, std::uint16_t type, int port) {
  const std::uint16_t value = htons(static_cast<std::uint16_t>(port));
  request.AppendAttribute(type, {reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
}

std::string AddressOf(const std::vector<NetlinkAttribute>& ip, std::uint16_t v4, std::uint16_t v6) {
  IpAddress address;
  auto bytes = FindAttribute(ip, v4);
  address.family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if (bytes.size() != 4) {
    bytes = FindAttribute(ip, v6);
    if (bytes.size() != address.bytes.size()) {
      return {};
    }
  }
  std::memcpy(address.bytes.data(), bytes.data(), bytes.size());
  return ToText(address);
}

int PortOf(const std::vector<NetlinkAttribute>& protocol, std::uint16_t type) {
  return ntohs(ReadStruct<std::uint16_t>(FindAttribute(protocol, type)).value_or(0));
}

/// The attributes inside the attribute of that type; nullopt: malformed.
std::optional<std::vector<NetlinkAttribute>> Nested(const std::vector<NetlinkAttribute>& attributes,
                                                    std::uint16_t type) {
  return ParseNetlinkAttributes(FindAttribute(attributes, type));
}

std::optional<ConntrackTuple> DecodeTuple(const std::vector<NetlinkAttribute>& entry,
                                          std::uint16_t type) {
  const auto tuple = Nested(entry, type);
  if (!tuple) {
    return std::nullopt;
  }
  const auto ip = Nested(*tuple, CTA_TUPLE_IP);
  const auto protocol = Nested(*tuple, CTA_TUPLE_PROTO);
  if (!ip || !protocol) {
    return std::nullopt;
  }
  return ConntrackTuple{AddressOf(*ip, CTA_IP_V4_SRC, CTA_IP_V6_SRC),
                        PortOf(*protocol, CTA_PROTO_SRC_PORT),
                        AddressOf(*ip, CTA_IP_V4_DST, CTA_IP_V6_DST),
                        PortOf(*protocol, CTA_PROTO_DST_PORT)};
}

bool IsPort(int port) {
  return port >= 1 && port <= UINT16_MAX;
}

}  // namespace

std::string ConntrackTcpStateName(std::uint8_t state) {
  constexpr std::array<const char*, 10> kNames = {"NONE",
                                                  "SYN_SENT",
                                                  "SYN_RECV",
                                                  "ESTABLISHED",
                                                  "FIN_WAIT",
                                                  "CLOSE_WAIT",
                                                  "LAST_ACK",
                                                  "TIME_WAIT",
                                                  "CLOSE",
                                                  "SYN_SENT2"};
  return state < kNames.size() ? kNames[state] : "state " + std::to_string(state);
}

Result<std::vector<std::uint8_t>> EncodeConntrackGet(const ConntrackTuple& original,
                                                     std::uint32_t sequence) {
  const auto source = ParseIpAddress(original.source);
  const auto destination = ParseIpAddress(original.destination);
  if (!source || !destination || source->family != destination->family ||
      !IsPort(original.source_port) || !IsPort(original.destination_port)) {
    return Error{"not a TCP connection: " + original.source + " to " + original.destination, 0};
  }
  const bool is_v4 = source->family == AF_INET;
  NetlinkRequest request(kGetType, NLM_F_REQUEST, sequence);
  nfgenmsg header{};
  header.nfgen_family = static_cast<std::uint8_t>(source->family);
  header.version = NFNETLINK_V0;
  request.Append(header);
  const auto tuple = request.BeginNested(CTA_TUPLE_ORIG);
  const auto ip = request.BeginNested(CTA_TUPLE_IP);
  request.AppendAttribute(is_v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, AddressBytes(*source));
  request.AppendAttribute(is_v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, AddressBytes(*destination));
  request.EndNested(ip);
  const auto protocol = request.BeginNested(CTA_TUPLE_PROTO);
  const std::uint8_t protocol_number = IPPROTO_TCP;
  request.AppendAttribute(CTA_PROTO_NUM, {&protocol_number, 1});
  AppendPort(request, CTA_PROTO_SRC_PORT, original.source_port);
  AppendPort(request, CTA_PROTO_DST_PORT, original.destination_port);
  request.EndNested(protocol);
  request.EndNested(tuple);
  return request.Finish();
}

Result<protocol::ConntrackEntry> DecodeConntrackEntry(Bytes payload) {
  const Error malformed{"malformed conntrack entry", 0};
  if (payload.size() < sizeof(nfgenmsg)) {
    return malformed;
  }
  const auto attributes = ParseNetlinkAttributes(payload.subspan(sizeof(nfgenmsg)));
  if (!attributes) {
    return malformed;
  }
  const auto original = DecodeTuple(*attributes, CTA_TUPLE_ORIG);
  const auto reply = DecodeTuple(*attributes, CTA_TUPLE_REPLY);
  const auto details = Nested(*attributes, CTA_PROTOINFO);
  const auto tcp = details ? Nested(*details, CTA_PROTOINFO_TCP) : std::nullopt;
  if (!original || !reply || !tcp) {
    return malformed;
  }
  protocol::ConntrackEntry entry;
  entry.found = true;
  entry.original = *original;
  entry.reply = *reply;
  entry.status =
      ntohl(ReadStruct<std::uint32_t>(FindAttribute(*attributes, CTA_STATUS)).value_or(0));
  if (const auto state = FindAttribute(*tcp, CTA_PROTOINFO_TCP_STATE); !state.empty()) {
    entry.tcp_state = ConntrackTcpStateName(state[0]);
  }
  return entry;
}

}  // namespace netcheck::probe
