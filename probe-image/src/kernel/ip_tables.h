#pragma once

#include <cstdint>

#include "kernel/filter_chains.h"
#include "kernel/netlink_message.h"

// Tables of ip_tables and ip6_tables as getsockopt(2) gives them
// (include/uapi/linux/netfilter_ipv4/ip_tables.h, netfilter_ipv6/ip6_tables.h,
// netfilter/x_tables.h). Pure.
namespace netcheck::probe {

/// `struct ipt_getinfo` and `struct ip6t_getinfo`, which are the same.
struct IpTablesInfo {
  char name[32];
  std::uint32_t valid_hooks;  ///< Bits 1 << NF_INET_*.
  std::uint32_t hook_entry[5];
  std::uint32_t underflow[5];
  std::uint32_t num_entries;
  std::uint32_t size;
};

/// The head of `struct ipt_get_entries`: `size` bytes of entries follow it.
struct IpTablesEntriesHead {
  char name[32];
  std::uint32_t size;
  std::uint32_t padding;  ///< The entries are aligned for their 64-bit counters.
};

/// Adds the chains of a table to `table`. false: an offset or length contradicts the buffer.
bool DecodeIpTables(const IpTablesInfo& info, Bytes entries, bool ipv6, TableTally& table);

}  // namespace netcheck::probe
