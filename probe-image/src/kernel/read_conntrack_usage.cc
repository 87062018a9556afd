#include <linux/netlink.h>

#include <cerrno>
#include <utility>

#include "kernel/conntrack_tally.h"
#include "kernel/conntrack_usage.h"
#include "kernel/kernel_modules.h"
#include "kernel/netlink_socket.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Fact;
using std::chrono::steady_clock;

/// An entry takes about 250 bytes of a dump: four million of them.
constexpr std::size_t kMaxDump = 1U << 30U;

}  // namespace

std::vector<Fact> ReadConntrackUsage(const SnapshotLabel& label,
                                     int netns_fd,
                                     std::chrono::milliseconds budget,
                                     const std::string& proc_root) {
  constexpr const char* kWhat = "conntrack.usage";
  constexpr std::uint32_t kSequence = 1;
  if (!ModuleIsPresent("nf_conntrack_netlink", proc_root)) {
    return {label.Missing(kWhat, Error{"module nf_conntrack_netlink is not loaded", ENOENT})};
  }
  const auto start = steady_clock::now();
  const auto socket = OpenNetlink(NETLINK_NETFILTER, netns_fd);
  if (!socket) {
    return {label.Missing(kWhat, socket.error())};
  }
  ConntrackTally tally;
  bool malformed = false;
  const auto asked = QueryNetlink(*socket,
                                  EncodeConntrackDump(kSequence),
                                  kSequence,
                                  /*dump=*/true,
                                  [&](const NetlinkMessage& message) {
                                    const auto flow = DecodeConntrackFlow(message.payload);
                                    malformed = malformed || !flow;
                                    if (flow) {
                                      tally.Add(*flow);
                                    }
                                  },
                                  {kMaxDump, start + budget});
  if (malformed) {
    return {label.Missing(kWhat, Error{"malformed conntrack entry", 0})};
  }
  const bool cut_off = !asked.ok() && (asked.error().error_number == ETIMEDOUT ||
                                       asked.error().error_number == EFBIG);
  if (!asked.ok() && !cut_off) {
    return {label.Missing(kWhat, asked.error())};
  }
  auto summary = tally.Summary();
  const auto took = steady_clock::now() - start;
  summary.front().took_us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  summary.front().cut_off = cut_off ? asked.error().message : "";
  std::vector<Fact> facts;
  for (protocol::ConntrackUsage& usage : summary) {
    usage.moment = label.moment;
    usage.where = label.where;
    facts.emplace_back(std::move(usage));
  }
  return facts;
}

}  // namespace netcheck::probe
