#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "kernel/netlink_message.h"
#include "protocol/result.h"

namespace netcheck::probe {

/// Sends `request` on a new socket of that netlink protocol, in the caller's network namespace, and
/// hands each answer with its sequence number to `consume`, until the kernel ends the dump
/// (`dump`), or after one answer. An error that the kernel answers is this function's error, with
/// its errno. Gives up after a second of silence (EAGAIN) or 16 MiB of answers (EFBIG).
///
/// Opening a netlink protocol, and asking a sub-system of it, makes the kernel load their modules
/// (request_module() in net/netlink/af_netlink.c, net/core/sock_diag.c,
/// net/netfilter/nfnetlink.c): check with KernelModules first.
protocol::Result<void> QueryNetlink(int netlink_protocol,
                                    const std::vector<std::uint8_t>& request,
                                    std::uint32_t sequence,
                                    bool dump,
                                    const std::function<void(const NetlinkMessage&)>& consume);

}  // namespace netcheck::probe
