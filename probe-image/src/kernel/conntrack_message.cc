#include "kernel/conntrack_message.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>

#include <array>
#include <cstring>

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

/// Calls `use` for each attribute until it returns false. false: it did, or they are malformed.
template <typename Use>
bool ForEachAttribute(Bytes bytes, Use use) {
  while (!bytes.empty()) {
    const auto attribute = TakeNetlinkAttribute(bytes);
    if (!attribute || !use(*attribute)) {
      return false;
    }
  }
  return true;
}

void SetAddress(Bytes value, int family, IpAddress& address) {
  if (value.size() == (family == AF_INET ? 4 : address.bytes.size())) {
    address.family = family;
    std::memcpy(address.bytes.data(), value.data(), value.size());
  }
}

bool DecodeAddresses(Bytes bytes, ConntrackDirection& direction) {
  return ForEachAttribute(bytes, [&](const NetlinkAttribute& attribute) {
    switch (attribute.type) {
      case CTA_IP_V4_SRC:
      case CTA_IP_V6_SRC:
        SetAddress(attribute.value,
                   attribute.type == CTA_IP_V4_SRC ? AF_INET : AF_INET6,
                   direction.source);
        break;
      case CTA_IP_V4_DST:
      case CTA_IP_V6_DST:
        SetAddress(attribute.value,
                   attribute.type == CTA_IP_V4_DST ? AF_INET : AF_INET6,
                   direction.destination);
        break;
      default:
        break;
    }
    return true;
  });
}

bool DecodeProtocol(Bytes bytes, ConntrackDirection& direction) {
  return ForEachAttribute(bytes, [&](const NetlinkAttribute& attribute) {
    const int port = ntohs(ReadStruct<std::uint16_t>(attribute.value).value_or(0));
    if (attribute.type == CTA_PROTO_NUM && !attribute.value.empty()) {
      direction.protocol = attribute.value[0];
    } else if (attribute.type == CTA_PROTO_SRC_PORT) {
      direction.source_port = port;
    } else if (attribute.type == CTA_PROTO_DST_PORT) {
      direction.destination_port = port;
    }
    return true;
  });
}

bool DecodeDirection(Bytes bytes, ConntrackDirection& direction) {
  return ForEachAttribute(bytes, [&](const NetlinkAttribute& attribute) {
    return attribute.type == CTA_TUPLE_IP      ? DecodeAddresses(attribute.value, direction)
           : attribute.type == CTA_TUPLE_PROTO ? DecodeProtocol(attribute.value, direction)
                                               : true;
  });
}

bool DecodeTcpState(Bytes bytes, std::optional<std::uint8_t>& state) {
  return ForEachAttribute(bytes, [&](const NetlinkAttribute& details) {
    return details.type != CTA_PROTOINFO_TCP ||
           ForEachAttribute(details.value, [&](const NetlinkAttribute& attribute) {
             if (attribute.type == CTA_PROTOINFO_TCP_STATE && !attribute.value.empty()) {
               state = attribute.value[0];
             }
             return true;
           });
  });
}

std::string TextOf(const IpAddress& address) {
  return address.family == 0 ? std::string() : ToText(address);
}

ConntrackTuple TupleOf(const ConntrackDirection& direction) {
  return {TextOf(direction.source),
          direction.source_port,
          TextOf(direction.destination),
          direction.destination_port};
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

std::vector<std::uint8_t> EncodeConntrackDump(std::uint32_t sequence) {
  NetlinkRequest request(kGetType, NLM_F_REQUEST | NLM_F_DUMP, sequence);
  nfgenmsg header{};
  header.nfgen_family = AF_UNSPEC;
  header.version = NFNETLINK_V0;
  request.Append(header);
  return request.Finish();
}

std::optional<ConntrackFlow> DecodeConntrackFlow(Bytes payload) {
  if (payload.size() < sizeof(nfgenmsg)) {
    return std::nullopt;
  }
  ConntrackFlow flow;
  const bool whole =
      ForEachAttribute(payload.subspan(sizeof(nfgenmsg)), [&](const NetlinkAttribute& attribute) {
        switch (attribute.type) {
          case CTA_TUPLE_ORIG:
            return DecodeDirection(attribute.value, flow.original);
          case CTA_TUPLE_REPLY:
            return DecodeDirection(attribute.value, flow.reply);
          case CTA_STATUS:
            flow.status = ntohl(ReadStruct<std::uint32_t>(attribute.value).value_or(0));
            return true;
          case CTA_PROTOINFO:
            return DecodeTcpState(attribute.value, flow.tcp_state);
          default:
            return true;
        }
      });
  return whole ? std::optional(flow) : std::nullopt;
}

Result<protocol::ConntrackEntry> DecodeConntrackEntry(Bytes payload) {
  const auto flow = DecodeConntrackFlow(payload);
  if (!flow) {
    return Error{"malformed conntrack entry", 0};
  }
  protocol::ConntrackEntry entry;
  entry.found = true;
  entry.original = TupleOf(flow->original);
  entry.reply = TupleOf(flow->reply);
  entry.status = flow->status;
  if (flow->tcp_state) {
    entry.tcp_state = ConntrackTcpStateName(*flow->tcp_state);
  }
  return entry;
}

}  // namespace netcheck::probe
