#pragma once

#include "diagnosis/finding.h"
#include "protocol/report.h"

namespace netcheck::diagnosis {

/// Which absences one batch's taps can vouch for: the tap was open, dropped nothing and delivered
/// other packets of that direction.
struct TapView {
  bool node_in = false;
  bool node_out = false;
  bool pod_in = false;
  bool pod_out = false;
};

TapView ViewOf(const protocol::BatchEnd& end);

/// Whether connect() failed before it had chosen a source address: the route lookup refused
/// (ip_route_connect, net/ipv4/tcp_ipv4.c), and no packet can have been sent. `source_address` is
/// that of the attempt, `result` an errno, `seen` its Seen bits.
bool RefusedByRoute(int result, const std::string& source_address, std::uint32_t seen);

/// Where the handshake ended. kNone for one that succeeded or was not tried; kUnknown where an
/// absence would have to be believed that no tap can vouch for.
Stage StageOf(const protocol::Handshake& handshake, const TapView& taps);

/// "the SYN reached the pod, which sent no SYN-ACK" and so on, for people.
const char* Describe(Stage stage);
/// The stage's letter in reports, "A" to "K", "-" for kNone, "?" for kUnknown.
const char* Letter(Stage stage);

}  // namespace netcheck::diagnosis
