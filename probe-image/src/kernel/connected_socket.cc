#include "kernel/connected_socket.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>

#include <cstring>

#include "kernel/address_text.h"
#include "kernel/tcp_state.h"

namespace netcheck::probe {
namespace {

/// A member of tcp_info; nullopt: this kernel's is shorter.
template <typename T>
std::optional<T> Member(Bytes info, std::size_t offset) {
  return info.size() < offset ? std::nullopt : ReadStruct<T>(info.subspan(offset));
}

}  // namespace

std::optional<std::vector<std::uint8_t>> EncodeConnectedQuery(const ConnectionEnds& ends,
                                                              std::uint32_t sequence) {
  const auto local = ParseIpAddress(ends.local_address);
  const auto remote = ParseIpAddress(ends.remote_address);
  if (!local || !remote || local->family != remote->family) {
    return std::nullopt;
  }
  NetlinkRequest request(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, sequence);
  inet_diag_req_v2 body{};
  body.sdiag_family = static_cast<std::uint8_t>(local->family);
  body.sdiag_protocol = IPPROTO_TCP;
  body.idiag_ext = 1U << (INET_DIAG_INFO - 1);
  body.id.idiag_sport = htons(static_cast<std::uint16_t>(ends.local_port));
  body.id.idiag_dport = htons(static_cast<std::uint16_t>(ends.remote_port));
  std::memcpy(&body.id.idiag_src, local->bytes.data(), local->bytes.size());
  std::memcpy(&body.id.idiag_dst, remote->bytes.data(), remote->bytes.size());
  body.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  request.Append(body);
  return request.Finish();
}

std::optional<protocol::ServerSocket> DecodeConnected(Bytes payload, const ConnectionEnds& ends) {
  const auto body = ReadStruct<inet_diag_msg>(payload);
  if (!body || ntohs(body->id.idiag_sport) != ends.local_port ||
      ntohs(body->id.idiag_dport) != ends.remote_port) {
    return std::nullopt;
  }
  const auto attributes = ParseNetlinkAttributes(payload.subspan(sizeof(inet_diag_msg)));
  if (!attributes) {
    return std::nullopt;
  }
  protocol::ServerSocket socket;
  socket.tcp_state = TcpStateName(body->idiag_state);
  // One that waits for accept(2) has none yet (net/core/sock.c, sock_i_ino).
  socket.accepted = body->idiag_inode != 0;
  socket.unread = body->idiag_rqueue;
  socket.unacknowledged = body->idiag_wqueue;
  // Else it counts keep-alive probes (net/ipv4/inet_diag.c, inet_sk_diag_fill).
  constexpr std::uint8_t kRetransmitTimer = 1;
  constexpr std::uint8_t kProbeTimer = 4;
  if (body->idiag_timer == kRetransmitTimer || body->idiag_timer == kProbeTimer) {
    socket.retransmits = body->idiag_retrans;
  }
  const Bytes info = FindAttribute(*attributes, INET_DIAG_INFO);
  socket.segment_size = Member<std::uint32_t>(info, offsetof(tcp_info, tcpi_snd_mss)).value_or(0);
  const auto options = Member<std::uint8_t>(info, offsetof(tcp_info, tcpi_options)).value_or(0);
  socket.timestamps = (options & TCPI_OPT_TIMESTAMPS) != 0;
  socket.quiet_ms =
      Member<std::uint32_t>(info, offsetof(tcp_info, tcpi_last_data_recv)).value_or(0);
  socket.bytes_received = Member<std::int64_t>(info, offsetof(tcp_info, tcpi_bytes_received));
  socket.bytes_acknowledged = Member<std::int64_t>(info, offsetof(tcp_info, tcpi_bytes_acked));
  return socket;
}

}  // namespace netcheck::probe
