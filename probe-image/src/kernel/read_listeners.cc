#include <linux/netlink.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <utility>

#include "kernel/kernel_modules.h"
#include "kernel/listening_sockets.h"
#include "kernel/netlink_socket.h"
#include "kernel/tables.h"
#include "sys/file_reader.h"
#include "sys/system_error.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Fact;
using protocol::Listener;
using protocol::Result;

constexpr std::size_t kMaxListeners = 2048;
/// Listeners come before all other sockets: this is room for 6000.
constexpr std::size_t kMaxProcTcp = 1U << 20U;

/// Asking needs three things of the kernel, each of which it would load when missing: the netlink
/// protocol (part of the core since 3.3), the handler of AF_INET and AF_INET6 (inet_diag), and the
/// one of TCP (tcp_diag).
bool CanAskSockDiag(const std::string& proc_root) {
  return ModuleIsPresent("inet_diag", proc_root) && ModuleIsPresent("tcp_diag", proc_root);
}

Result<std::vector<Listener>> AskSockDiag() {
  std::vector<Listener> listeners;
  std::uint32_t sequence = 0;
  for (const int family : {AF_INET, AF_INET6}) {
    ++sequence;
    bool malformed = false;
    const auto asked = QueryNetlink(NETLINK_SOCK_DIAG,
                                    EncodeListenerDump(family, sequence),
                                    sequence,
                                    /*dump=*/true,
                                    [&](const NetlinkMessage& message) {
                                      auto listener = DecodeListener(message.payload);
                                      malformed = malformed || !listener;
                                      if (listener && listeners.size() <= kMaxListeners) {
                                        listeners.push_back(std::move(*listener));
                                      }
                                    });
    if (!asked.ok()) {
      return asked.error();
    }
    if (malformed) {
      return Error{"malformed answer of sock_diag", 0};
    }
  }
  return listeners;
}

Result<void> ReadProcTcp(const std::string& path, std::vector<Listener>& listeners) {
  constexpr std::uint8_t kSynRecv = 3;  // include/net/tcp_states.h
  constexpr std::uint8_t kListen = 10;
  return ForEachLine(path, kMaxProcTcp, [&](std::string_view line) {
    auto parsed = ParseProcTcpLine(line);
    if (!parsed) {
      return Lines::kContinue;  // The header.
    }
    // Old kernels list the half-open connections of a listener behind it; everything else is
    // listed after the last listener.
    if (parsed->state != kListen && parsed->state != kSynRecv) {
      return Lines::kStop;
    }
    if (parsed->state == kListen) {
      listeners.push_back(std::move(parsed->local));
    }
    return listeners.size() > kMaxListeners ? Lines::kStop : Lines::kContinue;
  });
}

Result<std::vector<Listener>> ReadProcFiles(const std::string& proc_root) {
  std::vector<Listener> listeners;
  if (const auto read = ReadProcTcp(proc_root + "/net/tcp", listeners); !read.ok()) {
    return read.error();
  }
  const auto read = ReadProcTcp(proc_root + "/net/tcp6", listeners);
  if (!read.ok() && read.error().error_number != ENOENT) {  // ENOENT: a kernel without IPv6.
    return read.error();
  }
  return listeners;
}

}  // namespace

std::vector<Fact> ReadListeners(const SnapshotLabel& label, const std::string& proc_root) {
  std::vector<Fact> facts;
  Result<std::vector<Listener>> listeners =
      CanAskSockDiag(proc_root) ? AskSockDiag()
                                : Error{"module inet_diag or tcp_diag is not loaded", ENOENT};
  if (!listeners) {
    facts.emplace_back(label.Missing("listeners.backlog", listeners.error()));
    listeners = ReadProcFiles(proc_root);
  }
  if (listeners && listeners->size() > kMaxListeners) {
    listeners = Error{"more than " + std::to_string(kMaxListeners) + " listening sockets", EFBIG};
  }
  if (listeners) {
    facts.emplace_back(
        protocol::Listeners{label.moment, label.where, std::move(listeners.value())});
  } else {
    facts.emplace_back(label.Missing("listeners", listeners.error()));
  }
  return facts;
}

}  // namespace netcheck::probe
