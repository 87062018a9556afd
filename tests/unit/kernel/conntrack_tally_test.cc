#include "kernel/conntrack_tally.h"

#include <doctest/doctest.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>

#include <initializer_list>
#include <string>

#include "unit/kernel/captured.h"

using netcheck::probe::ConntrackFlow;
using netcheck::probe::ConntrackTally;
using netcheck::probe::DecodeConntrackFlow;
using netcheck::probe::EncodeConntrackDump;
using netcheck::probe::ParseIpAddress;
using netcheck::probe::ParseNetlinkMessages;
using netcheck::test::ReadHexCapture;

namespace {

constexpr std::uint8_t kEstablished = 3;

ConntrackFlow Flow(const std::string& from, const std::string& to, int port) {
  ConntrackFlow flow;
  flow.original = {*ParseIpAddress(from), 40000, *ParseIpAddress(to), port, IPPROTO_TCP};
  flow.reply = {*ParseIpAddress(to), port, *ParseIpAddress(from), 40000, IPPROTO_TCP};
  flow.status = IPS_ASSURED | IPS_SEEN_REPLY;
  flow.tcp_state = kEstablished;
  return flow;
}

}  // namespace

TEST_CASE("conntrack flow: an entry of a dump") {
  const auto datagram = ReadHexCapture("kernel/linux-6.18/conntrack-ipv4.hex");
  const auto payload = ParseNetlinkMessages(datagram)->front().payload;
  const auto flow = DecodeConntrackFlow(payload);
  REQUIRE(flow);
  CHECK(flow->original.source == *ParseIpAddress("127.0.0.1"));
  CHECK(flow->original.destination_port == 8080);
  CHECK(flow->original.protocol == IPPROTO_TCP);
  CHECK(flow->reply.source_port == 8080);
  CHECK(flow->tcp_state == kEstablished);
  CHECK((flow->status & IPS_ASSURED) != 0);
  for (std::size_t length = 0; length < payload.size(); ++length) {
    const auto cut = DecodeConntrackFlow(payload.first(length));
    CHECK((!cut || !cut->tcp_state));  // PROTOINFO is the last attribute.
  }
}

TEST_CASE("conntrack flow: hostile lengths are refused") {
  auto datagram = ReadHexCapture("kernel/linux-6.18/conntrack-ipv4.hex");
  constexpr std::size_t kTuple = 16 + 4;  // Behind the netlink header and nfgenmsg.
  for (const std::uint8_t length : std::initializer_list<std::uint8_t>{0, 1, 3}) {
    datagram[kTuple] = length;
    datagram[kTuple + 1] = 0;
    CHECK_FALSE(DecodeConntrackFlow(ParseNetlinkMessages(datagram)->front().payload));
  }
  datagram[kTuple + 1] = 0xff;
  CHECK_FALSE(DecodeConntrackFlow(ParseNetlinkMessages(datagram)->front().payload));
}

TEST_CASE("conntrack dump: the request is for all families") {
  const auto request = EncodeConntrackDump(7);
  const auto messages = ParseNetlinkMessages(request);
  REQUIRE(messages);
  CHECK(messages->front().type == 0x101);
  CHECK(messages->front().flags == 0x301);  // NLM_F_REQUEST | NLM_F_DUMP
  CHECK(messages->front().sequence == 7);
  CHECK(messages->front().payload[0] == 0);
}

TEST_CASE("conntrack tally: who opened, who answered, in which states") {
  ConntrackTally tally;
  for (int i = 0; i < 5; ++i) {
    tally.Add(Flow("10.0.0.5", "10.96.0.9", 443));
  }
  ConntrackFlow translated = Flow("10.0.0.5", "10.96.0.10", 80);
  translated.reply.source = *ParseIpAddress("10.0.0.7");  // DNAT
  translated.reply.source_port = 8080;
  tally.Add(translated);
  ConntrackFlow udp = Flow("fd00::5", "fd00::a", 53);
  udp.original.protocol = IPPROTO_UDP;
  udp.status = 0;
  udp.tcp_state.reset();
  tally.Add(udp);
  const auto usage = tally.Summary();
  REQUIRE(usage.size() == 6);
  CHECK(usage[0].address.empty());
  CHECK(usage[0].opened == 7);
  CHECK(usage[0].assured == 6);
  CHECK(usage[0].unreplied == 1);
  CHECK(usage[0].uncounted == 0);
  CHECK(usage[0].states == std::map<std::string, std::int64_t>{{"TCP ESTABLISHED", 6}, {"UDP", 1}});
  CHECK(usage[1].address == "10.0.0.5");
  CHECK(usage[1].opened == 6);
  CHECK(usage[1].accepted == 0);
  CHECK(usage[1].destinations ==
        std::map<std::string, std::int64_t>{{"10.96.0.9:443", 5}, {"10.96.0.10:80", 1}});
  bool backend = false;
  bool ipv6 = false;
  for (const auto& holder : usage) {
    backend = backend || (holder.address == "10.0.0.7" && holder.accepted == 1 &&
                          holder.destinations.contains("10.0.0.7:8080"));
    ipv6 = ipv6 || (holder.address == "fd00::5" && holder.unreplied == 1 &&
                    holder.destinations.contains("[fd00::a]:53"));
  }
  CHECK(backend);
  CHECK(ipv6);
}

TEST_CASE("conntrack tally: an entry with itself is one entry") {
  ConntrackTally tally;
  tally.Add(Flow("127.0.0.1", "127.0.0.1", 80));
  const auto usage = tally.Summary();
  REQUIRE(usage.size() == 2);
  CHECK(usage[1].opened == 1);
  CHECK(usage[1].accepted == 1);
  CHECK(usage[1].assured == 1);
}

TEST_CASE("conntrack tally: more addresses than counters") {
  ConntrackTally tally;
  ConntrackFlow flow = Flow("10.0.0.5", "10.0.0.9", 443);
  for (std::uint32_t i = 0; i < ConntrackTally::kMaxAddresses + 10; ++i) {
    flow.original.source.bytes = {static_cast<std::uint8_t>(100 + (i >> 24U)),
                                  static_cast<std::uint8_t>(i >> 16U),
                                  static_cast<std::uint8_t>(i >> 8U),
                                  static_cast<std::uint8_t>(i)};
    tally.Add(flow);
  }
  const auto usage = tally.Summary();
  CHECK(usage[0].opened == ConntrackTally::kMaxAddresses + 10);
  CHECK(usage[0].uncounted == 11);  // One counter is the destination's.
  REQUIRE(usage.size() == 1 + ConntrackTally::kHolders);
  CHECK(usage[1].address == "10.0.0.9");
  CHECK(usage[1].accepted == usage[0].opened);
}
