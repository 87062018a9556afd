#include "kernel/listening_sockets.h"

#include <doctest/doctest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <netinet/in.h>

#include <cstring>

#include "kernel/procfs_text.h"
#include "unit/kernel/captured.h"

using netcheck::probe::Bytes;
using netcheck::probe::DecodeListener;
using netcheck::probe::EncodeListenerDump;
using netcheck::probe::ParseNetlinkMessages;
using netcheck::probe::ParseProcTcpLine;
using netcheck::probe::SplitLines;
using netcheck::protocol::Listener;
using netcheck::test::ReadCapture;
using netcheck::test::ReadHexCapture;

namespace {

std::vector<Listener> DecodeAll(const std::vector<std::uint8_t>& datagram) {
  std::vector<Listener> listeners;
  const auto messages = ParseNetlinkMessages(datagram);
  REQUIRE(messages);
  for (const auto& message : *messages) {
    if (message.type != NLMSG_DONE) {
      const auto listener = DecodeListener(message.payload);
      REQUIRE(listener);
      listeners.push_back(*listener);
    }
  }
  return listeners;
}

}  // namespace

TEST_CASE("listeners: sock_diag answers of Linux 6.18") {
  const auto v4 = DecodeAll(ReadHexCapture("kernel/linux-6.18/listeners-ipv4.hex"));
  REQUIRE(v4.size() == 1);
  CHECK(v4[0].address == "127.0.0.1");
  CHECK(v4[0].port == 8080);
  CHECK(v4[0].backlog == 7);
  CHECK(v4[0].queue == 2);
  const auto v6 = DecodeAll(ReadHexCapture("kernel/linux-6.18/listeners-ipv6.hex"));
  REQUIRE(v6.size() == 2);
  CHECK(v6[0].address == "::");
  CHECK(v6[0].port == 9090);
  CHECK(v6[0].backlog == 3);
  CHECK_FALSE(v6[0].v6only);
  CHECK(v6[1].address == "::1");
  CHECK(v6[1].port == 9091);
  CHECK(v6[1].queue == 1);
  CHECK(v6[1].v6only);
}

TEST_CASE("listeners: cut or foreign sock_diag answers are refused at every length") {
  const auto datagram = ReadHexCapture("kernel/linux-6.18/listeners-ipv6.hex");
  const auto payload = ParseNetlinkMessages(datagram)->front().payload;
  for (std::size_t length = 0; length < sizeof(inet_diag_msg); ++length) {
    CHECK_FALSE(DecodeListener(payload.first(length)));
  }
  CHECK(DecodeListener(payload.first(sizeof(inet_diag_msg))));  // Old kernels send no attribute.
  CHECK_FALSE(DecodeListener(payload.first(sizeof(inet_diag_msg) + 3)));
  std::vector<std::uint8_t> changed(payload.begin(), payload.end());
  changed[offsetof(inet_diag_msg, idiag_state)] = 1;  // ESTABLISHED
  CHECK_FALSE(DecodeListener(changed));
  changed[offsetof(inet_diag_msg, idiag_state)] = 10;
  changed[offsetof(inet_diag_msg, idiag_family)] = AF_UNIX;
  CHECK_FALSE(DecodeListener(changed));
}

TEST_CASE("listeners: drops of the socket itself") {
  const auto datagram = ReadHexCapture("kernel/linux-6.18/listeners-ipv4.hex");
  const auto payload = ParseNetlinkMessages(datagram)->front().payload;
  std::vector<std::uint8_t> message(
      payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(sizeof(inet_diag_msg)));
  const std::size_t at = message.size();
  CHECK_FALSE(DecodeListener(message)->drops);
  // rtattr, then SK_MEMINFO_VARS numbers of which the last is SK_MEMINFO_DROPS.
  message.resize(at + sizeof(nlattr) + 9 * sizeof(std::uint32_t));
  const nlattr header{static_cast<std::uint16_t>(message.size() - at), INET_DIAG_SKMEMINFO};
  std::memcpy(message.data() + at, &header, sizeof(header));
  message[message.size() - sizeof(std::uint32_t)] = 42;
  CHECK(DecodeListener(message)->drops == 42);
  // Kernels before 4.7 send one number less.
  message.resize(message.size() - sizeof(std::uint32_t));
  message[at] = static_cast<std::uint8_t>(message.size() - at);
  CHECK_FALSE(DecodeListener(message)->drops);
}

TEST_CASE("listeners: the request asks for LISTEN only") {
  const auto request = EncodeListenerDump(AF_INET6, 3);
  const auto messages = ParseNetlinkMessages(request);
  REQUIRE(messages);
  REQUIRE(messages->size() == 1);
  const auto body = netcheck::probe::ReadStruct<inet_diag_req_v2>(messages->front().payload);
  REQUIRE(body);
  CHECK(body->sdiag_family == AF_INET6);
  CHECK(body->sdiag_protocol == IPPROTO_TCP);
  CHECK(body->idiag_states == 1U << 10U);
  CHECK(messages->front().flags == (NLM_F_REQUEST | NLM_F_DUMP));
}

TEST_CASE("listeners: /proc/net/tcp and tcp6 of Linux 6.18") {
  const auto v4 = ReadCapture("kernel/linux-6.18/tcp");
  const auto v4_lines = SplitLines(v4);
  CHECK_FALSE(ParseProcTcpLine(v4_lines[0]));  // The header.
  const auto listener = ParseProcTcpLine(v4_lines[1]);
  REQUIRE(listener);
  CHECK(listener->state == 10);
  CHECK(listener->local.address == "127.0.0.1");
  CHECK(listener->local.port == 8080);
  CHECK(listener->local.queue == 2);
  CHECK(ParseProcTcpLine(v4_lines[2])->state == 1);
  const auto v6 = ReadCapture("kernel/linux-6.18/tcp6");
  const auto v6_lines = SplitLines(v6);
  CHECK(ParseProcTcpLine(v6_lines[1])->local.address == "::");
  CHECK(ParseProcTcpLine(v6_lines[2])->local.address == "::1");
  CHECK(ParseProcTcpLine(v6_lines[2])->local.port == 9091);
}

TEST_CASE("listeners: malformed lines of /proc/net/tcp") {
  CHECK_FALSE(ParseProcTcpLine(""));
  CHECK_FALSE(ParseProcTcpLine("0: 0100007F:1F90 00000000:0000 0A"));
  CHECK_FALSE(ParseProcTcpLine("0: 0100007F 00000000:0000 0A 00000000:00000000"));
  CHECK_FALSE(ParseProcTcpLine("0: 0100007:1F90 00000000:0000 0A 00000000:00000000"));
  CHECK_FALSE(ParseProcTcpLine("0: 0100007F:1F900 00000000:0000 0A 00000000:00000000"));
  CHECK_FALSE(ParseProcTcpLine("0: 0100007F:1F90 00000000:0000 XX 00000000:00000000"));
  CHECK_FALSE(ParseProcTcpLine("0: 0100007F:1F90 00000000:0000 1FF 00000000:00000000"));
  CHECK_FALSE(ParseProcTcpLine("0: 0100007F:1F90 00000000:0000 0A 0000000000000000"));
}
