#include "kernel/conntrack_message.h"

#include <doctest/doctest.h>
#include <linux/netlink.h>

#include <cerrno>

#include "unit/kernel/captured.h"

using netcheck::probe::ConntrackTcpStateName;
using netcheck::probe::DecodeConntrackEntry;
using netcheck::probe::EncodeConntrackGet;
using netcheck::probe::ParseNetlinkError;
using netcheck::probe::ParseNetlinkMessages;
using netcheck::protocol::ConntrackTuple;
using netcheck::test::ReadHexCapture;

TEST_CASE("conntrack: an IPv4 entry of Linux 6.18") {
  const auto datagram = ReadHexCapture("kernel/linux-6.18/conntrack-ipv4.hex");
  const auto entry = DecodeConntrackEntry(ParseNetlinkMessages(datagram)->front().payload);
  REQUIRE(entry);
  CHECK(entry->found);
  CHECK(entry->tcp_state == "ESTABLISHED");
  CHECK(entry->status == 0x0e);  // SEEN_REPLY, ASSURED, CONFIRMED
  CHECK(entry->original.source == "127.0.0.1");
  CHECK(entry->original.source_port == 40000);
  CHECK(entry->original.destination_port == 8080);
  CHECK(entry->reply.source_port == 8080);
  CHECK(entry->reply.destination_port == 40000);
}

TEST_CASE("conntrack: an IPv6 entry of Linux 6.18") {
  const auto datagram = ReadHexCapture("kernel/linux-6.18/conntrack-ipv6.hex");
  const auto entry = DecodeConntrackEntry(ParseNetlinkMessages(datagram)->front().payload);
  REQUIRE(entry);
  CHECK(entry->original.source == "::1");
  CHECK(entry->original.source_port == 41000);
  CHECK(entry->reply.source == "::1");
  CHECK(entry->reply.source_port == 9091);
}

TEST_CASE("conntrack: no such entry is ENOENT") {
  const auto datagram = ReadHexCapture("kernel/linux-6.18/conntrack-absent.hex");
  const auto messages = ParseNetlinkMessages(datagram);
  REQUIRE(messages);
  CHECK(messages->front().type == NLMSG_ERROR);
  CHECK(ParseNetlinkError(messages->front().payload) == ENOENT);
}

TEST_CASE("conntrack: an entry cut at any length is refused or lacks what was cut") {
  const auto datagram = ReadHexCapture("kernel/linux-6.18/conntrack-ipv4.hex");
  const auto payload = ParseNetlinkMessages(datagram)->front().payload;
  CHECK_FALSE(DecodeConntrackEntry(payload.first(3)));
  CHECK_FALSE(DecodeConntrackEntry(payload.first(payload.size() - 1)));
  for (std::size_t length = 0; length < payload.size(); ++length) {
    const auto entry = DecodeConntrackEntry(payload.first(length));
    if (entry) {
      CHECK(entry->tcp_state.empty());  // PROTOINFO is the last attribute.
    }
  }
}

TEST_CASE("conntrack: addresses and ports of the wrong size are left empty") {
  auto datagram = ReadHexCapture("kernel/linux-6.18/conntrack-ipv4.hex");
  // netlink header, nfgenmsg, then three nested headers before the source address's own.
  constexpr std::size_t kAddressHeader = 16 + 4 + 4 + 4;
  REQUIRE(datagram[kAddressHeader] == 8);
  datagram[kAddressHeader] = 6;
  const auto entry = DecodeConntrackEntry(ParseNetlinkMessages(datagram)->front().payload);
  REQUIRE(entry);
  CHECK(entry->original.source.empty());
  CHECK(entry->original.destination == "127.0.0.1");
}

TEST_CASE("conntrack: the query is the tuple that was asked for") {
  for (const auto& tuple : {ConntrackTuple{"10.0.0.1", 40000, "10.0.0.2", 80},
                            ConntrackTuple{"fd00::1", 1, "fd00::2", 65535}}) {
    const auto request = EncodeConntrackGet(tuple, 5);
    REQUIRE(request);
    const auto messages = ParseNetlinkMessages(*request);
    REQUIRE(messages);
    CHECK(messages->front().type == 0x101);
    CHECK(messages->front().flags == NLM_F_REQUEST);
    const auto decoded = DecodeConntrackEntry(messages->front().payload);
    REQUIRE(decoded);
    CHECK(decoded->original.source == tuple.source);
    CHECK(decoded->original.source_port == tuple.source_port);
    CHECK(decoded->original.destination == tuple.destination);
    CHECK(decoded->original.destination_port == tuple.destination_port);
  }
}

TEST_CASE("conntrack: what is no TCP tuple is not asked for") {
  CHECK_FALSE(EncodeConntrackGet({"10.0.0.1", 1, "fd00::2", 80}, 1));
  CHECK_FALSE(EncodeConntrackGet({"web", 1, "10.0.0.2", 80}, 1));
  CHECK_FALSE(EncodeConntrackGet({"10.0.0.1", 0, "10.0.0.2", 80}, 1));
  CHECK_FALSE(EncodeConntrackGet({"10.0.0.1", 1, "10.0.0.2", 65536}, 1));
}

TEST_CASE("conntrack: state names") {
  CHECK(ConntrackTcpStateName(1) == "SYN_SENT");
  CHECK(ConntrackTcpStateName(2) == "SYN_RECV");
  CHECK(ConntrackTcpStateName(9) == "SYN_SENT2");
  CHECK(ConntrackTcpStateName(10) == "state 10");
}
