#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "protocol/result.h"

// Codecs of the kernel's counter files. Names are "Group.Name"; what a kernel does not have is
// absent, which is not zero.
namespace netcheck::probe {

using CounterMap = std::map<std::string, std::int64_t>;

/// /proc/net/netstat and /proc/net/snmp (net/ipv4/proc.c): pairs of lines "TcpExt: Name ..." and
/// "TcpExt: 0 ...". Values beyond int64 are left out. A pair of different lengths or groups is an
/// error: no value could be told from its neighbour.
protocol::Result<CounterMap> ParseCounterPairs(std::string_view text);

/// /proc/net/snmp6 (net/ipv6/proc.c): lines "Icmp6InDestUnreachs  0" → "Icmp6.InDestUnreachs".
protocol::Result<CounterMap> ParseSnmp6(std::string_view text);

/// A file of /proc/net/stat (net/netfilter/nf_conntrack_standalone.c, net/core/neighbour.c): a
/// header with the kernel's own column names, then a row of hexadecimal numbers for each CPU, which
/// are added up. Except "entries": each row repeats the total, so the first one counts.
protocol::Result<CounterMap> ParsePerCpuTable(std::string_view text);

/// /proc/net/softnet_stat (net/core/net-procfs.c): hexadecimal rows without a header, added up:
/// "processed", "dropped" (the backlog queue was full), "time_squeeze" (work left when the budget
/// of a softirq was used up).
protocol::Result<CounterMap> ParseSoftnetStat(std::string_view text);

}  // namespace netcheck::probe
