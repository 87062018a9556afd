// Packets as the taps see them, and which connection they belong to. Each packet of the input comes
// behind a byte that says where it was seen (1: pod, 2: outgoing; times 4: the device) and one that
// is its length.
#include <span>

#include "engine/address.h"
#include "engine/packet_matcher.h"
#include "engine/packet_parser.h"
#include "fuzz/fuzz_target.h"

namespace netcheck::fuzz {
namespace {

using namespace netcheck::probe;

void Match(std::span<const std::uint8_t> input, TapMode mode) {
  const Endpoint target{*ParseIpAddress("10.244.0.5"), 8080};
  PacketMatcher matcher(target, mode, 2);
  const int known = matcher.Add({*ParseIpAddress("10.244.0.1"), 40000}, 0, 100);
  const int unknown = matcher.Add({{}, 40002}, 0, 100);
  for (std::int64_t at_us = 0; input.size() >= 2; ++at_us) {
    const unsigned place = input[0];
    const auto bytes = input.subspan(2, std::min<std::size_t>(input[1], input.size() - 2));
    input = input.subspan(2 + bytes.size());
    if (const auto packet = ParsePacket(bytes)) {
      Require(!PacketKind(*packet).empty(), "each packet is of a kind");
      const auto where = (place & 1U) != 0 ? protocol::Where::kPod : protocol::Where::kNode;
      matcher.Fold({where, at_us, static_cast<int>(place / 4), (place & 2U) != 0, *packet});
    }
  }
  for (const int number : {known, unknown}) {
    const Flow& flow = matcher.flow(number);
    Require(flow.packet_count <= kMaxFlowPackets, "a flow keeps few packets");
    for (int i = 0; i < flow.packet_count; ++i) {
      static_cast<void>(ToFact(flow.packets[static_cast<std::size_t>(i)]));
    }
  }
}

}  // namespace
}  // namespace netcheck::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using netcheck::probe::TapMode;
  netcheck::fuzz::Match({data, size}, TapMode::kDevices);
  netcheck::fuzz::Match({data, size}, TapMode::kLoopback);
  return 0;
}
