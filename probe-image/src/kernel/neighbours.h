#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/netlink_message.h"
#include "protocol/facts.h"

// Messages of the neighbour tables, ARP's and neighbour discovery's (net/core/neighbour.c). Pure.
namespace netcheck::probe {

/// RTM_GETNEIGH for all entries of both families.
std::vector<std::uint8_t> EncodeNeighbourDump(std::uint32_t sequence);

/// An RTM_NEWNEIGH payload, and the index of its device; `device` of the entry is left empty.
/// nullopt: malformed, or of another family.
struct NeighbourMessage {
  protocol::Neighbour neighbour;
  std::uint32_t device_index = 0;
};
std::optional<NeighbourMessage> DecodeNeighbour(Bytes payload);

}  // namespace netcheck::probe
