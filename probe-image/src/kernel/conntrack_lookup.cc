#include "kernel/conntrack_lookup.h"

#include <linux/netlink.h>

#include <cerrno>
#include <optional>

#include "kernel/conntrack_message.h"
#include "kernel/kernel_modules.h"
#include "kernel/netlink_socket.h"

namespace netcheck::probe {

using protocol::ConntrackEntry;
using protocol::Error;
using protocol::Result;

Result<ConntrackEntry> LookUpConntrack(const protocol::ConntrackTuple& original) {
  // The first opens NETLINK_NETFILTER, the second answers for its sub-system 1.
  for (const char* module : {"nfnetlink", "nf_conntrack_netlink"}) {
    if (!ModuleIsPresent(module, "/proc")) {
      return Error{std::string("module ") + module + " is not loaded", ENOENT};
    }
  }
  constexpr std::uint32_t kSequence = 1;
  const auto request = EncodeConntrackGet(original, kSequence);
  if (!request) {
    return request.error();
  }
  const auto socket = OpenNetlink(NETLINK_NETFILTER);
  if (!socket) {
    return socket.error();
  }
  std::optional<Result<ConntrackEntry>> entry;
  const auto asked = QueryNetlink(*socket,
                                  *request,
                                  kSequence,
                                  /*dump=*/false,
                                  [&entry](const NetlinkMessage& message) {
                                    entry.emplace(DecodeConntrackEntry(message.payload));
                                  });
  if (!asked.ok() && asked.error().error_number == ENOENT) {
    ConntrackEntry absent;
    absent.where = protocol::Where::kNode;
    absent.original = original;
    return absent;
  }
  if (!asked.ok()) {
    return asked.error();
  }
  if (!entry) {
    return Error{"the kernel acknowledged a conntrack query without an entry", 0};
  }
  if (entry->ok()) {
    entry->value().where = protocol::Where::kNode;
  }
  return *entry;
}

}  // namespace netcheck::probe
