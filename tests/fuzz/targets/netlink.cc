// Datagrams of the kernel: entries of the connection tracking table, TCP sockets, neighbours,
// tables, chains and rules of the packet filter.
#include "fuzz/fuzz_target.h"
#include "kernel/connected_socket.h"
#include "kernel/conntrack_message.h"
#include "kernel/conntrack_tally.h"
#include "kernel/listening_sockets.h"
#include "kernel/neighbours.h"
#include "kernel/netlink_message.h"
#include "kernel/nf_tables.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace netcheck::probe;
  const auto messages = ParseNetlinkMessages({data, size});
  if (!messages) {
    return 0;
  }
  ConntrackTally tally;
  std::int64_t flows = 0;
  for (const NetlinkMessage& message : *messages) {
    static_cast<void>(ParseNetlinkError(message.payload));
    const auto flow = DecodeConntrackFlow(message.payload);
    netcheck::fuzz::Require(flow.has_value() == DecodeConntrackEntry(message.payload).ok(),
                            "an entry is malformed or not, whoever asks");
    if (flow) {
      tally.Add(*flow);
      ++flows;
    }
    static_cast<void>(DecodeListener(message.payload));
    static_cast<void>(DecodeConnected(message.payload, {"127.0.0.1", 8080, "127.0.0.1", 40000}));
    static_cast<void>(DecodeNeighbour(message.payload));
    static_cast<void>(DecodeNfObject(message.type, message.payload));
  }
  const auto usage = tally.Summary();
  netcheck::fuzz::Require(usage[0].opened == flows && usage[0].uncounted == 0, "each entry counts");
  netcheck::fuzz::Require(usage.size() <= 1 + ConntrackTally::kHolders, "few holders are told");
  return 0;
}
