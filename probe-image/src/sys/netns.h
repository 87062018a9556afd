#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "protocol/result.h"
#include "sys/unique_fd.h"

// Work in another network namespace. The probe itself never leaves its own: a forked child enters
// the other one (setns(2)), does one thing and ends, so that nothing can be left in the wrong
// place. A thread would not do: /proc/net is that of the thread group's leader.
namespace netcheck::probe {

/// Opens /proc/PID/ns/net. ENOENT: no such process.
protocol::Result<UniqueFd> OpenNetns(std::int64_t pid);
/// Opens a namespace file by its path.
protocol::Result<UniqueFd> OpenNetnsFile(const std::string& path);
/// Inode number of a namespace file, its identity while it is held open.
protocol::Result<std::uint64_t> NetnsInode(int netns_fd);

/// socket(2) in that namespace; it stays there wherever it is used (SCM_RIGHTS). Close-on-exec.
/// Errors are those of setns(2) (EPERM without CAP_SYS_ADMIN) and socket(2).
protocol::Result<UniqueFd> SocketInNetns(int netns_fd, int domain, int type, int protocol_number);

/// Runs `work` in a child in that namespace and returns the text it made. The child is killed
/// after `timeout` (ETIMEDOUT); at most 1 MiB of text (EFBIG).
protocol::Result<std::string> RunInNetns(int netns_fd,
                                         const std::function<std::string()>& work,
                                         std::chrono::milliseconds timeout);

}  // namespace netcheck::probe
