#include "kernel/listening_sockets.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include <algorithm>

#include "kernel/procfs_text.h"

namespace netcheck::probe {
namespace {

// include/net/tcp_states.h; <netinet/tcp.h> and <linux/tcp.h> can't be included together.
constexpr std::uint8_t kTcpListen = 10;

/// Of an array of numbers, INET_DIAG_SKMEMINFO; older kernels send a shorter one.
std::optional<std::uint32_t> DropsOf(const std::vector<NetlinkAttribute>& attributes) {
  const Bytes memory = FindAttribute(attributes, INET_DIAG_SKMEMINFO);
  constexpr std::size_t kOffset = SK_MEMINFO_DROPS * sizeof(std::uint32_t);
  return memory.size() < kOffset ? std::nullopt
                                 : ReadStruct<std::uint32_t>(memory.subspan(kOffset));
}

}  // namespace

std::vector<std::uint8_t> EncodeListenerDump(int family, std::uint32_t sequence) {
  NetlinkRequest request(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, sequence);
  inet_diag_req_v2 body{};
  body.sdiag_family = static_cast<std::uint8_t>(family);
  body.sdiag_protocol = IPPROTO_TCP;
  body.idiag_ext = 1U << (INET_DIAG_SKMEMINFO - 1);
  body.idiag_states = 1U << kTcpListen;
  request.Append(body);
  return request.Finish();
}

std::optional<protocol::Listener> DecodeListener(Bytes payload) {
  const auto body = ReadStruct<inet_diag_msg>(payload);
  if (!body || body->idiag_state != kTcpListen ||
      (body->idiag_family != AF_INET && body->idiag_family != AF_INET6)) {
    return std::nullopt;
  }
  const auto attributes = ParseNetlinkAttributes(payload.subspan(sizeof(inet_diag_msg)));
  if (!attributes) {
    return std::nullopt;
  }
  IpAddress address;
  address.family = body->idiag_family;
  std::memcpy(address.bytes.data(), &body->id.idiag_src, address.bytes.size());
  const auto v6only = FindAttribute(*attributes, INET_DIAG_SKV6ONLY);
  return protocol::Listener{ToText(address),
                            ntohs(body->id.idiag_sport),
                            !v6only.empty() && v6only[0] != 0,
                            body->idiag_rqueue,
                            body->idiag_wqueue,
                            DropsOf(*attributes)};
}

std::optional<ProcTcpLine> ParseProcTcpLine(std::string_view line) {
  // sl local_address rem_address st tx_queue:rx_queue ...
  const auto words = SplitWords(line);
  if (words.size() < 5) {
    return std::nullopt;
  }
  const auto colon = words[1].find(':');
  const auto queues_colon = words[4].find(':');
  if (colon == std::string_view::npos || queues_colon == std::string_view::npos) {
    return std::nullopt;
  }
  const auto address = ParseHostOrderHex(words[1].substr(0, colon));
  const auto remote = ParseHostOrderHex(words[2].substr(0, words[2].find(':')));
  const auto port = ParseHexPort(words[1].substr(colon + 1));
  const auto state = ParseHex(words[3]);
  const auto waiting = ParseHex(words[4].substr(queues_colon + 1));
  if (!address || !remote || !port || !state || *state > UINT8_MAX || !waiting ||
      *waiting > UINT32_MAX) {
    return std::nullopt;
  }
  ProcTcpLine parsed;
  parsed.state = static_cast<std::uint8_t>(*state);
  parsed.local.address = ToText(*address);
  parsed.local.port = *port;
  parsed.local.queue = static_cast<std::uint32_t>(*waiting);
  parsed.remote = *remote;
  return parsed;
}

}  // namespace netcheck::probe
