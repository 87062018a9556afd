#include "kernel/connected_socket.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>

#include <cstddef>
#include <cstring>

namespace netcheck::probe {
namespace {

const ConnectionEnds kEnds{"10.0.0.5", 8080, "10.0.0.1", 40000};

/// What the kernel answers about an established socket with these ports.
inet_diag_msg Established() {
  inet_diag_msg body{};
  body.idiag_family = AF_INET;
  body.idiag_state = 1;
  body.idiag_timer = 1;
  body.idiag_retrans = 5;
  body.id.idiag_sport = htons(8080);
  body.id.idiag_dport = htons(40000);
  body.idiag_rqueue = 78;
  body.idiag_wqueue = 4321;
  body.idiag_inode = 99;
  return body;
}

std::vector<std::uint8_t> Bytewise(const inet_diag_msg& body) {
  std::vector<std::uint8_t> bytes(sizeof body);
  std::memcpy(bytes.data(), &body, sizeof body);
  return bytes;
}

}  // namespace

TEST_CASE("connected socket: the question names both ends, the local one as the source") {
  const auto request = EncodeConnectedQuery(kEnds, 7);
  REQUIRE(request);
  const auto messages = ParseNetlinkMessages(*request);
  REQUIRE(messages);
  REQUIRE(messages->size() == 1);
  CHECK(messages->front().type == SOCK_DIAG_BY_FAMILY);
  CHECK(messages->front().flags == NLM_F_REQUEST);
  const auto body = ReadStruct<inet_diag_req_v2>(messages->front().payload);
  REQUIRE(body);
  CHECK(body->sdiag_family == AF_INET);
  CHECK(body->sdiag_protocol == IPPROTO_TCP);
  CHECK(ntohs(body->id.idiag_sport) == 8080);
  CHECK(ntohs(body->id.idiag_dport) == 40000);
  CHECK(ntohl(body->id.idiag_src[0]) == 0x0a000005);
  CHECK(ntohl(body->id.idiag_dst[0]) == 0x0a000001);
  CHECK(body->id.idiag_cookie[0] == INET_DIAG_NOCOOKIE);
  const auto v6 = EncodeConnectedQuery({"fd00::5", 8080, "fd00::1", 40000}, 8);
  REQUIRE(v6);
  const auto v6_body = ReadStruct<inet_diag_req_v2>(ParseNetlinkMessages(*v6)->front().payload);
  CHECK(v6_body->sdiag_family == AF_INET6);
  CHECK(ntohl(v6_body->id.idiag_src[3]) == 5);
  CHECK(ntohl(v6_body->id.idiag_dst[3]) == 1);
  CHECK_FALSE(EncodeConnectedQuery({"10.0.0.5", 1, "fd00::1", 2}, 1));
  CHECK_FALSE(EncodeConnectedQuery({"web", 1, "10.0.0.1", 2}, 1));
}

TEST_CASE("connected socket: queues, and whether it was accepted") {
  inet_diag_msg body = Established();
  const auto socket = DecodeConnected(Bytewise(body), kEnds);
  REQUIRE(socket);
  CHECK(socket->tcp_state == "ESTABLISHED");
  CHECK(socket->accepted);
  CHECK(socket->unread == 78);
  CHECK(socket->unacknowledged == 4321);
  CHECK(socket->retransmits == 5);
  CHECK(socket->segment_size == 0);
  body.idiag_inode = 0;
  CHECK_FALSE(DecodeConnected(Bytewise(body), kEnds)->accepted);
  body.idiag_timer = 4;  // It cannot leave the host.
  CHECK(DecodeConnected(Bytewise(body), kEnds)->retransmits == 5);
  body.idiag_timer = 2;  // Keep-alive.
  CHECK(DecodeConnected(Bytewise(body), kEnds)->retransmits == 0);
}

TEST_CASE(
    "connected socket: the segment size is tcp_info's, where the kernel sends so much of it") {
  auto message = Bytewise(Established());
  const std::size_t at = message.size();
  constexpr std::size_t kNeeded = offsetof(tcp_info, tcpi_snd_mss) + sizeof(std::uint32_t);  // 3.10
  message.resize(at + sizeof(nlattr) + kNeeded);
  nlattr header{static_cast<std::uint16_t>(message.size() - at), INET_DIAG_INFO};
  std::memcpy(message.data() + at, &header, sizeof header);
  message[at + sizeof(nlattr) + offsetof(tcp_info, tcpi_options)] = TCPI_OPT_TIMESTAMPS;
  const std::uint32_t size = 1448;
  std::memcpy(message.data() + message.size() - sizeof size, &size, sizeof size);
  CHECK(DecodeConnected(message, kEnds)->segment_size == 1448);
  CHECK(DecodeConnected(message, kEnds)->timestamps);
  CHECK(DecodeConnected(message, kEnds)->quiet_ms == 0);
  CHECK_FALSE(DecodeConnected(message, kEnds)->bytes_received);
  CHECK_FALSE(DecodeConnected(message, kEnds)->bytes_acknowledged);
  message.resize(message.size() - sizeof size);
  header.nla_len = static_cast<std::uint16_t>(message.size() - at);
  std::memcpy(message.data() + at, &header, sizeof header);
  CHECK(DecodeConnected(message, kEnds)->segment_size == 0);
}

TEST_CASE("connected socket: the listener, another connection and a cut answer are none") {
  inet_diag_msg listener = Established();
  listener.idiag_state = 10;
  listener.id.idiag_dport = 0;
  CHECK_FALSE(DecodeConnected(Bytewise(listener), kEnds));
  inet_diag_msg other = Established();
  other.id.idiag_sport = htons(8081);
  CHECK_FALSE(DecodeConnected(Bytewise(other), kEnds));
  const auto whole = Bytewise(Established());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK_FALSE(DecodeConnected(Bytes(whole).first(length), kEnds));
  }
}

}  // namespace netcheck::probe
