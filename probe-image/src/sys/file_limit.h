#pragma once

namespace netcheck::probe {

/// How many of `wanted` sockets may be open at once beside everything else that is open: standard
/// streams, taps, netlink, epoll, files of procfs. Raises this process's soft limit of open files
/// (RLIMIT_NOFILE), by no more than that takes, where the hard one allows it. At least 1.
int SocketsWithinFileLimit(int wanted);

}  // namespace netcheck::probe
