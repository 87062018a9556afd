#pragma once

#include <cstdint>
#include <optional>

#include "diagnosis/digest.h"

// How long handshakes take tells whether a packet of theirs was sent twice.
namespace netcheck::diagnosis {

/// The shortest handshake with the probe's target, microseconds: what the network needs. nullopt:
/// none was established.
std::optional<std::int64_t> FastestHandshake(const ProbeCase& probe);

/// Whether a handshake of this length was established by a SYN or SYN-ACK that was sent again. TCP
/// sends them again after whole seconds (TCP_TIMEOUT_INIT, include/net/tcp.h; from then on doubled,
/// or every second with tcp_syn_linear_timeouts), and from there it takes as long as any other.
bool SentAgain(std::int64_t handshake_us, std::int64_t fastest_us);

/// Whether the attempt came too late only because a packet of its handshake was, or may have been,
/// sent again: without that second it would have passed.
bool LateByRetransmission(const JudgedAttempt& attempt, const ProbeCase& probe);

}  // namespace netcheck::diagnosis
