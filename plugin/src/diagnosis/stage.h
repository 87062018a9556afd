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

/// Where the handshake ended. kNone for one that succeeded or was not tried; kUnknown where an
/// absence would have to be believed that no tap can vouch for.
Stage StageOf(const protocol::Handshake& handshake, const TapView& taps);

/// "the SYN reached the pod, which sent no SYN-ACK" and so on, for people.
const char* Describe(Stage stage);
/// The stage's letter in reports, "A" to "K", "-" for kNone, "?" for kUnknown.
const char* Letter(Stage stage);

}  // namespace netcheck::diagnosis
