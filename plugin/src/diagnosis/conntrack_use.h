#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "diagnosis/digest.h"

// Who holds the entries of a connection tracking table, learnt in two ways: from the table, by
// address, and from the sockets inside the pods' network namespaces.
namespace netcheck::diagnosis {

/// One pod of the node with all its addresses, or else one address.
struct TableHolder {
  std::vector<std::string> addresses;
  const model::Neighbour* pod = nullptr;  ///< nullptr: none, or its name could not be read.
  const protocol::PodSockets* sockets = nullptr;
  bool node = false;  ///< An address of the node itself.
  std::int64_t opened = 0;
  std::int64_t accepted = 0;
  std::map<std::string, std::int64_t> states;
  std::map<std::string, std::int64_t> destinations;

  [[nodiscard]] std::int64_t sum() const { return opened + accepted; }
};

struct TableUse {
  protocol::ConntrackUsage whole;    ///< Of the whole table.
  std::vector<TableHolder> holders;  ///< The one with most entries first.
  /// Index in `holders` of the pod whose connections fill the table; see FindCulprit.
  std::optional<std::size_t> culprit;
};

/// nullopt: the table of that namespace was not dumped.
std::optional<TableUse> UseOf(const Digest& digest, protocol::Where where);

/// "pod shop/crawler-1 (ReplicaSet crawler)", "the node itself (10.0.0.1)" ...
std::string NameOf(const TableHolder& holder);

/// How the table and its holders look, for people.
std::vector<std::string> Describe(const TableUse& use);

/// How fast the table grows without what netcheck itself adds, as an interval.
struct TableGrowth {
  double low = 0;   ///< Entries a second.
  double high = 0;  ///< Likewise.
  double seconds = 0;
  std::int64_t own = 0;  ///< Connections of netcheck that were subtracted, at most.
};

/// nullopt: the table was not read often enough. Two windows are looked at, the idle one before the
/// first packet and the one from its beginning to the end of the run. Of the latter the connections
/// of netcheck are subtracted: at most all of them, at least those established in the last ten
/// seconds, since an entry outlives its connection by that (TCP_CONNTRACK_CLOSE, tcp_timeouts of
/// net/netfilter/nf_conntrack_proto_tcp.c).
std::optional<TableGrowth> GrowthOf(const Digest& digest, protocol::Where where);

/// Sum of the counter `name` of /proc/net/stat/nf_conntrack since the first snapshot; nullopt: not
/// read, or this kernel does not count it.
std::optional<std::int64_t> ConntrackRise(const Digest& digest,
                                          protocol::Where where,
                                          protocol::Moment since,
                                          const std::string& name);

}  // namespace netcheck::diagnosis
