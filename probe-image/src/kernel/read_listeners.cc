#include <cerrno>
#include <utility>

#include "kernel/listening_sockets.h"
#include "kernel/sock_diag.h"
#include "kernel/tables.h"
#include "sys/file_reader.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Fact;
using protocol::Listener;
using protocol::Result;

/// Listeners come before all other sockets: this is room for 6000.
constexpr std::size_t kMaxProcTcp = 1U << 20U;

Result<std::vector<Listener>> AskOnce(const std::string& proc_root) {
  auto sockets = SockDiag::Open(-1, proc_root);
  return sockets ? sockets->Listeners() : sockets.error();
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
  Result<std::vector<Listener>> listeners = AskOnce(proc_root);
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
