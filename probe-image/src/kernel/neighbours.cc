#include "kernel/neighbours.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>

#include "kernel/address_text.h"

namespace netcheck::probe {
namespace {

/// As ip-neighbour(8) shows them.
const char* NameOf(std::uint16_t state) {
  switch (state) {
    case NUD_INCOMPLETE:
      return "INCOMPLETE";
    case NUD_REACHABLE:
      return "REACHABLE";
    case NUD_STALE:
      return "STALE";
    case NUD_DELAY:
      return "DELAY";
    case NUD_PROBE:
      return "PROBE";
    case NUD_FAILED:
      return "FAILED";
    case NUD_NOARP:
      return "NOARP";
    case NUD_PERMANENT:
      return "PERMANENT";
    default:
      return "NONE";
  }
}

std::optional<IpAddress> AddressOf(int family, Bytes value) {
  IpAddress address;
  address.family = family;
  const std::size_t size = family == AF_INET ? 4 : address.bytes.size();
  if ((family != AF_INET && family != AF_INET6) || value.size() != size) {
    return std::nullopt;
  }
  std::copy(value.begin(), value.end(), address.bytes.begin());
  return address;
}

}  // namespace

std::vector<std::uint8_t> EncodeNeighbourDump(std::uint32_t sequence) {
  NetlinkRequest request(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, sequence);
  request.Append(ndmsg{});
  return request.Finish();
}

std::optional<NeighbourMessage> DecodeNeighbour(Bytes payload) {
  const auto body = ReadStruct<ndmsg>(payload);
  if (!body) {
    return std::nullopt;
  }
  const auto attributes = ParseNetlinkAttributes(payload.subspan(sizeof(ndmsg)));
  if (!attributes) {
    return std::nullopt;
  }
  const auto address = AddressOf(body->ndm_family, FindAttribute(*attributes, NDA_DST));
  const auto times = ReadStruct<nda_cacheinfo>(FindAttribute(*attributes, NDA_CACHEINFO));
  if (!address || !times) {
    return std::nullopt;
  }
  NeighbourMessage message;
  message.device_index = static_cast<std::uint32_t>(body->ndm_ifindex);
  message.neighbour.address = ToText(*address);
  message.neighbour.state = NameOf(body->ndm_state);
  constexpr std::int64_t kUserHz = 100;  // include/asm-generic/param.h; jiffies_to_clock_t().
  message.neighbour.state_age_ms = std::int64_t{times->ndm_updated} * 1000 / kUserHz;
  return message;
}

}  // namespace netcheck::probe
