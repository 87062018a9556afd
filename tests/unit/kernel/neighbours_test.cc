#include "kernel/neighbours.h"

#include <doctest/doctest.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <map>
#include <string>

#include "unit/kernel/captured.h"

using netcheck::probe::Bytes;
using netcheck::probe::DecodeNeighbour;
using netcheck::probe::EncodeNeighbourDump;
using netcheck::probe::ParseNetlinkMessages;
using netcheck::protocol::Neighbour;
using netcheck::test::ReadHexCapture;

TEST_CASE("neighbours: what Linux 6.18 answered") {
  const auto datagram = ReadHexCapture("kernel/linux-6.18/neighbours.hex");
  const auto messages = ParseNetlinkMessages(datagram);
  REQUIRE(messages);
  std::map<std::string, Neighbour> neighbours;
  for (const auto& message : *messages) {
    if (message.type == RTM_NEWNEIGH) {
      const auto decoded = DecodeNeighbour(message.payload);
      REQUIRE(decoded);
      CHECK(decoded->device_index > 0);
      neighbours[decoded->neighbour.address] = decoded->neighbour;
    }
  }
  CHECK(neighbours["10.9.0.7"].state == "PERMANENT");
  CHECK(neighbours["10.9.0.8"].state == "FAILED");
  CHECK(neighbours["10.9.0.8"].state_age_ms > 1000);
  CHECK(neighbours["10.9.0.8"].state_age_ms < 3000);
  for (const char* asked : {"10.9.0.9", "fd09::9"}) {
    CHECK(neighbours[asked].state == "INCOMPLETE");
    CHECK(neighbours[asked].state_age_ms >= 1400);
  }
}

TEST_CASE("neighbours: every length that a broken answer may have") {
  const auto datagram = ReadHexCapture("kernel/linux-6.18/neighbours.hex");
  const Bytes payload = ParseNetlinkMessages(datagram)->front().payload;
  for (std::size_t length = 0; length < sizeof(ndmsg); ++length) {
    CHECK_FALSE(DecodeNeighbour(payload.first(length)));
  }
  for (std::size_t length = sizeof(ndmsg); length < payload.size(); ++length) {
    if (const auto decoded = DecodeNeighbour(payload.first(length))) {
      CHECK_FALSE(decoded->neighbour.address.empty());
    }
  }
}

TEST_CASE("neighbours: an address of another family") {
  auto datagram = ReadHexCapture("kernel/linux-6.18/neighbours.hex");
  datagram[sizeof(nlmsghdr)] = 7;  // AF_BRIDGE
  CHECK_FALSE(DecodeNeighbour(ParseNetlinkMessages(datagram)->front().payload));
}

TEST_CASE("neighbours: the request asks for all entries of all devices") {
  const auto request = EncodeNeighbourDump(9);
  const auto messages = ParseNetlinkMessages(request);
  REQUIRE(messages);
  REQUIRE(messages->size() == 1);
  CHECK(messages->front().type == RTM_GETNEIGH);
  CHECK(messages->front().flags == (NLM_F_REQUEST | NLM_F_DUMP));
  CHECK(messages->front().sequence == 9);
  CHECK(messages->front().payload.size() == sizeof(ndmsg));
}
