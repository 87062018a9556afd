// Datagrams of the kernel: entries of the connection tracking table, sockets in LISTEN state,
// tables, chains and rules of the packet filter.
#include "fuzz/fuzz_target.h"
#include "kernel/conntrack_message.h"
#include "kernel/listening_sockets.h"
#include "kernel/netlink_message.h"
#include "kernel/nf_tables.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netcheck::probe;
  const auto messages = ParseNetlinkMessages({data, size});
  if (!messages) {
    return 0;
  }
  for (const NetlinkMessage& message : *messages) {
    static_cast<void>(ParseNetlinkError(message.payload));
    static_cast<void>(DecodeConntrackEntry(message.payload));
    static_cast<void>(DecodeListener(message.payload));
    static_cast<void>(DecodeNfObject(message.type, message.payload));
  }
  return 0;
}
