#pragma once

#include "protocol/facts.h"
#include "protocol/result.h"

namespace netcheck::probe {

/// Asks the connection tracking table of the probe's own namespace for the TCP entry whose original
/// direction is `original` (IPCTNL_MSG_CT_GET, net/netfilter/nf_conntrack_netlink.c). A tuple
/// without an entry is a success with found = false.
/// Fails where nf_conntrack_netlink is not there already (ENOENT), or without CAP_NET_ADMIN
/// (EPERM).
protocol::Result<protocol::ConntrackEntry> LookUpConntrack(
    const protocol::ConntrackTuple& original);

}  // namespace netcheck::probe
