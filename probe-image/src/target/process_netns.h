#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/address_text.h"
#include "protocol/result.h"
#include "sys/unique_fd.h"
#include "target/pod_processes.h"

namespace netcheck::probe {

/// A network namespace and the process it was opened through.
struct OpenedNetns {
  UniqueFd fd;
  std::uint64_t inode = 0;
  std::int64_t pid = 0;
};

/// Opens the network namespace of exactly that process. Fails when it ended, or when its number has
/// gone to another process meanwhile: that one started at another time.
protocol::Result<OpenedNetns> OpenNetnsOf(const Process& process, const std::string& proc_root);

/// The addresses of that process's network namespace, loopback ones included; nullopt when they
/// can't be read.
std::optional<std::vector<IpAddress>> ReadAddresses(std::int64_t pid, const std::string& proc_root);

/// Whether one of `wanted` (textual IPs) is an address of that process's network namespace; nullopt
/// when none is wanted or the addresses can't be read.
std::optional<bool> HasAddress(const std::vector<std::string>& wanted,
                               std::int64_t pid,
                               const std::string& proc_root);

}  // namespace netcheck::probe
