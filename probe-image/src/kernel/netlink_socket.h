#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "kernel/netlink_message.h"
#include "protocol/result.h"
#include "sys/child_process.h"
#include "sys/unique_fd.h"

namespace netcheck::probe {

/// A socket of that netlink protocol (NETLINK_SOCK_DIAG ...) in the given network namespace; -1:
/// the caller's.
///
/// Opening a netlink protocol, and asking a sub-system of it, makes the kernel load their modules
/// (request_module() in net/netlink/af_netlink.c, net/core/sock_diag.c,
/// net/netfilter/nfnetlink.c): check with ModuleIsPresent() first.
protocol::Result<UniqueFd> OpenNetlink(int netlink_protocol, int netns_fd = -1);

/// When QueryNetlink gives up.
struct QueryLimits {
  std::size_t max_bytes = 16U << 20U;  ///< Of answers.
  Deadline until = Deadline::max();
};

/// Sends `request` and hands each answer with its sequence number to `consume`, until the kernel
/// ends the dump (`dump`), or after one answer. An error that the kernel answers is this function's
/// error, with its errno. Gives up after a second of silence (EAGAIN), at the limit of answers
/// (EFBIG) or of time (ETIMEDOUT); what came before was consumed then. No two queries on one socket
/// may have the same sequence number.
protocol::Result<void> QueryNetlink(const UniqueFd& socket,
                                    const std::vector<std::uint8_t>& request,
                                    std::uint32_t sequence,
                                    bool dump,
                                    const std::function<void(const NetlinkMessage&)>& consume,
                                    const QueryLimits& limits = {});

}  // namespace netcheck::probe
