#pragma once

namespace netcheck::probe {

/// Standard streams, taps, netlink, epoll, files of procfs: what is open beside a batch's sockets.
inline constexpr int kFilesBesidesSockets = 32;

/// Raises the soft limit of open files to the hard one and returns what holds then.
int RaiseFileLimit();

}  // namespace netcheck::probe
