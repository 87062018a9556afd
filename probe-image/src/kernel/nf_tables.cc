#include "kernel/nf_tables.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace netcheck::probe {
namespace {

using Attributes = std::vector<NetlinkAttribute>;

constexpr int kNetdev = 5;  // NFPROTO_NETDEV
/// By NFPROTO_*.
constexpr const char* kFamilies[] = {
    "", "inet", "ip", "arp", "", "netdev", "", "bridge", "", "", "ip6"};
constexpr const char* kInetHooks[] = {
    "prerouting", "input", "forward", "output", "postrouting", "ingress"};
constexpr const char* kArpHooks[] = {"input", "output", "forward"};
constexpr const char* kDeviceHooks[] = {"ingress", "egress"};

/// Up to its terminating zero.
std::string Text(const Attributes& attributes, std::uint16_t type) {
  const Bytes bytes = FindAttribute(attributes, type);
  return {bytes.begin(), std::find(bytes.begin(), bytes.end(), 0)};
}

std::uint32_t Number(const Attributes& attributes, std::uint16_t type, std::uint32_t otherwise) {
  const auto value = ReadStruct<std::uint32_t>(FindAttribute(attributes, type));
  return value ? ntohl(*value) : otherwise;
}

/// The attributes inside; none when they are malformed.
Attributes Inside(Bytes bytes) {
  return ParseNetlinkAttributes(bytes).value_or(Attributes());
}

Attributes Inside(const Attributes& attributes, std::uint16_t type) {
  return Inside(FindAttribute(attributes, type));
}

template <std::size_t N>
std::string NameOf(const char* const (&names)[N], std::uint32_t number) {
  return number < N ? names[number] : "unknown";
}

/// Hook and policy of a base chain.
std::string HeadOf(int family, const Attributes& chain) {
  const Attributes hook = Inside(chain, NFTA_CHAIN_HOOK);
  if (hook.empty()) {
    return "- -";
  }
  const std::uint32_t number = Number(hook, NFTA_HOOK_HOOKNUM, ~0U);
  return (family == kNetdev       ? NameOf(kDeviceHooks, number)
          : family == NFPROTO_ARP ? NameOf(kArpHooks, number)
                                  : NameOf(kInetHooks, number)) +
         (Number(chain, NFTA_CHAIN_POLICY, NF_ACCEPT) == NF_DROP ? " drop" : " accept");
}

/// One expression of a rule, as iptables-nft or kube-proxy's nftables mode writes them.
void ReadExpression(Bytes element, NfObject& rule) {
  const Attributes expression = Inside(element);
  const std::string name = Text(expression, NFTA_EXPR_NAME);
  const Attributes data = Inside(expression, NFTA_EXPR_DATA);
  if (name == "immediate") {
    const Attributes verdict = Inside(Inside(data, NFTA_IMMEDIATE_DATA), NFTA_DATA_VERDICT);
    const auto code = static_cast<std::int32_t>(Number(verdict, NFTA_VERDICT_CODE, 0));
    if (code == NFT_JUMP || code == NFT_GOTO) {
      rule.jump = Text(verdict, NFTA_VERDICT_CHAIN);
    }
  } else if (name == "counter") {
    const auto packets = ReadStruct<std::uint64_t>(FindAttribute(data, NFTA_COUNTER_PACKETS));
    rule.packets = be64toh(packets.value_or(0));
  } else if (name == "target") {
    rule.target = Text(data, NFTA_TARGET_NAME);
  } else if (name == "masq") {
    rule.target = "MASQUERADE";
  } else if (name == "nat") {
    rule.target = Number(data, NFTA_NAT_TYPE, NFT_NAT_SNAT) == NFT_NAT_DNAT ? "DNAT" : "SNAT";
  }
}

}  // namespace

std::vector<std::uint8_t> EncodeNfDump(std::uint8_t message,
                                       int family,
                                       const std::string& table,
                                       std::uint32_t sequence) {
  NetlinkRequest request(static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8U) | message),
                         NLM_F_REQUEST | NLM_F_DUMP,
                         sequence);
  request.Append(nfgenmsg{static_cast<std::uint8_t>(family), NFNETLINK_V0, 0});
  if (!table.empty()) {
    request.AppendAttribute(
        NFTA_RULE_TABLE, {reinterpret_cast<const std::uint8_t*>(table.c_str()), table.size() + 1});
  }
  return request.Finish();
}

const char* FilterFamilyName(int family) {
  return family >= 0 && family < static_cast<int>(std::size(kFamilies)) ? kFamilies[family] : "";
}

std::optional<NfObject> DecodeNfObject(std::uint16_t type, Bytes payload) {
  const auto header = ReadStruct<nfgenmsg>(payload);
  if (!header) {
    return std::nullopt;
  }
  const auto attributes = ParseNetlinkAttributes(payload.subspan(sizeof(nfgenmsg)));
  if (!attributes) {
    return std::nullopt;
  }
  NfObject object;
  object.family = header->nfgen_family;
  object.table = Text(*attributes, NFTA_TABLE_NAME);  // The same in all three.
  const int message = type & 0xff;
  if (message == NFT_MSG_NEWCHAIN) {
    object.chain = Text(*attributes, NFTA_CHAIN_NAME);
    object.head = HeadOf(object.family, *attributes);
  } else if (message == NFT_MSG_NEWRULE) {
    object.chain = Text(*attributes, NFTA_RULE_CHAIN);
    for (const NetlinkAttribute& element : Inside(*attributes, NFTA_RULE_EXPRESSIONS)) {
      ReadExpression(element.value, object);
    }
  } else if (message != NFT_MSG_NEWTABLE) {
    return std::nullopt;
  }
  const bool named =
      !object.table.empty() && (message == NFT_MSG_NEWTABLE || !object.chain.empty());
  return named ? std::optional(std::move(object)) : std::nullopt;
}

}  // namespace netcheck::probe
