#include <linux/netlink.h>
#include <net/if.h>

#include <algorithm>
#include <array>

#include "kernel/neighbours.h"
#include "kernel/netlink_socket.h"
#include "kernel/tables.h"

namespace netcheck::probe {
namespace {

constexpr std::size_t kMaxNeighbours = 64;

std::string DeviceName(std::uint32_t index) {
  std::array<char, IF_NAMESIZE> name{};
  return if_indextoname(index, name.data()) == nullptr ? std::string() : name.data();
}

}  // namespace

std::vector<protocol::Fact> ReadNeighbours(const SnapshotLabel& label,
                                           const std::vector<std::string>& addresses) {
  const auto socket = OpenNetlink(NETLINK_ROUTE);
  if (!socket) {
    return {label.Missing("neighbours", socket.error())};
  }
  constexpr std::uint32_t kSequence = 1;
  protocol::Neighbours found;
  found.moment = label.moment;
  const auto asked =
      QueryNetlink(*socket,
                   EncodeNeighbourDump(kSequence),
                   kSequence,
                   /*dump=*/true,
                   [&](const NetlinkMessage& message) {
                     auto entry = DecodeNeighbour(message.payload);
                     if (entry && found.neighbours.size() < kMaxNeighbours &&
                         std::find(addresses.begin(), addresses.end(), entry->neighbour.address) !=
                             addresses.end()) {
                       entry->neighbour.device = DeviceName(entry->device_index);
                       found.neighbours.push_back(std::move(entry->neighbour));
                     }
                   });
  if (!asked.ok()) {
    return {label.Missing("neighbours", asked.error())};
  }
  return {std::move(found)};
}

}  // namespace netcheck::probe
