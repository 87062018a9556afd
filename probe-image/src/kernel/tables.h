#pragma once

#include <string>
#include <utility>
#include <vector>

#include "protocol/facts.h"
#include "protocol/result.h"

// Each reader looks at one table of the caller's network namespace and answers with facts: what it
// read, or an Unavailable fact for what it could not. `proc_root` is "/proc" except in tests.
namespace netcheck::probe {

/// Which namespace and when, to be written into the facts.
struct SnapshotLabel {
  protocol::Moment moment = protocol::Moment::kUnknown;
  protocol::Where where = protocol::Where::kUnknown;

  [[nodiscard]] protocol::Unavailable Missing(std::string what,
                                              const protocol::Error& error) const {
    return {moment, where, std::move(what), error.message, error.error_number};
  }
};

/// "counters FILE" of /proc/net for each file that is missing: netstat, snmp, snmp6, softnet_stat,
/// stat/arp_cache, stat/ndisc_cache. UdpLite and MPTCP groups are left out.
std::vector<protocol::Fact> ReadCounters(const SnapshotLabel& label, const std::string& proc_root);

/// "listeners", and "listeners.backlog" where only /proc/net/tcp{,6} could be read, which has
/// neither backlog nor v6only. More than 2048 listeners are "listeners" unavailable: a list with
/// gaps would show that nobody listens where somebody does.
std::vector<protocol::Fact> ReadListeners(const SnapshotLabel& label, const std::string& proc_root);

/// "conntrack", "conntrack.buckets", "conntrack.stats".
std::vector<protocol::Fact> ReadConntrackTable(const SnapshotLabel& label,
                                               const std::string& proc_root);

/// "ipvs.services": up to 1000, those with a port inside ip_local_port_range first; when there are
/// more, the fact comes with an Unavailable one that says how many were left out.
std::vector<protocol::Fact> ReadIpvsServices(const SnapshotLabel& label,
                                             const std::string& proc_root);

/// "ipvs.connections": up to 200 whose client, virtual or destination address is one of
/// `addresses`.
std::vector<protocol::Fact> ReadIpvsConnections(const SnapshotLabel& label,
                                                const std::vector<std::string>& addresses,
                                                const std::string& proc_root);

/// "neighbours": the entries of those addresses, up to 64.
std::vector<protocol::Fact> ReadNeighbours(const SnapshotLabel& label,
                                           const std::vector<std::string>& addresses);

/// "nftables": the tables of nf_tables, up to 200 of them.
std::vector<protocol::Fact> ReadNfTables(const SnapshotLabel& label, const std::string& proc_root);

/// "iptables" and "ip6tables": the tables of ip_tables and ip6_tables that are there already.
std::vector<protocol::Fact> ReadIpTables(const SnapshotLabel& label, const std::string& proc_root);

}  // namespace netcheck::probe
