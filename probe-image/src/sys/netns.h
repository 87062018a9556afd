#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "protocol/result.h"
#include "sys/unique_fd.h"

// Work in another network namespace. The probe itself never leaves its own: a forked child enters
// the other one (setns(2)), does one thing and ends, so that nothing can be left in the wrong
// place.
namespace netcheck::probe {

/// Opens /proc/PID/ns/net.
protocol::Result<UniqueFd> OpenNetns(std::int64_t pid);
/// Inode number of a namespace file, its identity.
protocol::Result<std::uint64_t> NetnsInode(int netns_fd);

/// socket(2) in that namespace; it stays there wherever it is used (SCM_RIGHTS).
protocol::Result<UniqueFd> SocketInNetns(int netns_fd, int domain, int type, int protocol_number);

/// Runs `work` in a child in that namespace and returns the text it made. The child is killed
/// after `timeout`; at most 1 MiB of text.
protocol::Result<std::string> RunInNetns(int netns_fd,
                                         const std::function<std::string()>& work,
                                         std::chrono::milliseconds timeout);

}  // namespace netcheck::probe
