#include "target/process_netns.h"

#include <algorithm>
#include <utility>

#include "sys/file_reader.h"
#include "sys/netns.h"
#include "target/namespace_address.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Result;

std::string ProcessPath(const std::string& proc_root, std::int64_t pid) {
  return proc_root + "/" + std::to_string(pid);
}

}  // namespace

Result<OpenedNetns> OpenNetnsOf(const Process& process, const std::string& proc_root) {
  auto fd = OpenNetnsFile(ProcessPath(proc_root, process.pid) + "/ns/net");
  if (!fd) {
    return fd.error();
  }
  const auto inode = NetnsInode(fd->get());
  if (!inode) {
    return inode.error();
  }
  const auto stat = ReadProcessStat(process.pid, proc_root);
  if (!stat || !stat->alive() || stat->start_ticks != process.start_ticks) {
    return Error{"process " + std::to_string(process.pid) + " ended while it was looked at", 0};
  }
  return OpenedNetns{std::move(fd.value()), *inode, process.pid};
}

std::optional<std::vector<IpAddress>> ReadAddresses(std::int64_t pid,
                                                    const std::string& proc_root) {
  constexpr std::size_t kMaxFibTrie = 4U << 20U;
  const auto net = ProcessPath(proc_root, pid) + "/net";
  const auto fib_trie = ReadFile(net + "/fib_trie", kMaxFibTrie);
  const auto if_inet6 = ReadFile(net + "/if_inet6");
  if (!fib_trie && !if_inet6) {
    return std::nullopt;
  }
  auto addresses = fib_trie ? ParseFibTrieLocals(*fib_trie) : std::vector<IpAddress>();
  if (if_inet6) {
    const auto v6 = ParseIfInet6(*if_inet6);
    addresses.insert(addresses.end(), v6.begin(), v6.end());
  }
  return addresses;
}

std::optional<bool> HasAddress(const std::vector<std::string>& wanted,
                               std::int64_t pid,
                               const std::string& proc_root) {
  const auto addresses = ReadAddresses(pid, proc_root);
  if (wanted.empty() || !addresses) {
    return std::nullopt;
  }
  return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& text) {
    const auto address = ParseIpAddress(text);
    return address && std::find(addresses->begin(), addresses->end(), *address) != addresses->end();
  });
}

}  // namespace netcheck::probe
