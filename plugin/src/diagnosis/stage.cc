#include "diagnosis/stage.h"

#include <cerrno>

namespace netcheck::diagnosis {
namespace {

using protocol::Handshake;

bool Saw(const Handshake& handshake, std::uint32_t bits) {
  return (handshake.seen & bits) != 0;
}

/// Answers of another kind than a SYN-ACK.
constexpr std::uint32_t kOtherAnswers = protocol::kSeenPodRst | protocol::kSeenNodeRst |
                                        protocol::kSeenNodeIcmp | protocol::kSeenPodOther |
                                        protocol::kSeenNodeOther;

/// No answer came within the time that was waited.
Stage StageOfSilence(const Handshake& handshake, const TapView& taps) {
  if (Saw(handshake, protocol::kSeenPodSynAck)) {
    return Stage::kSynAckLost;
  }
  if (Saw(handshake, kOtherAnswers)) {
    return Stage::kUnknown;  // It answered, and the socket did not act on it.
  }
  if (Saw(handshake, protocol::kSeenPodSyn)) {
    return taps.pod_out ? Stage::kNoSynAck : Stage::kUnknown;
  }
  if (Saw(handshake, protocol::kSeenNodeSyn)) {
    return taps.pod_in ? Stage::kSynLost : Stage::kUnknown;
  }
  return taps.node_out ? Stage::kNothingSent : Stage::kUnknown;
}

}  // namespace

TapView ViewOf(const protocol::BatchEnd& end) {
  const auto vouches = [](const protocol::TapBatch& tap, int packets) {
    return tap.open && tap.dropped == 0 && packets > 0;
  };
  TapView view;
  view.node_in = vouches(end.node_tap, end.node_tap.packets_in);
  view.node_out = vouches(end.node_tap, end.node_tap.packets_out);
  view.pod_in = vouches(end.pod_tap, end.pod_tap.packets_in);
  view.pod_out = vouches(end.pod_tap, end.pod_tap.packets_out);
  return view;
}

bool RefusedByRoute(int result, const std::string& source_address, std::uint32_t seen) {
  const bool unbound =
      source_address.empty() || source_address == "0.0.0.0" || source_address == "::";
  return (result == EHOSTUNREACH || result == ENETUNREACH) && unbound && seen == 0;
}

Stage StageOf(const Handshake& handshake, const TapView& taps) {
  switch (handshake.result) {
    case 0:
    case protocol::kResultNotTried:
      return Stage::kNone;
    case protocol::kResultDeadline:
    case ETIMEDOUT:
      return StageOfSilence(handshake, taps);
    case ECONNREFUSED:
    case ECONNRESET:
      return Stage::kRejected;  // connect() gives these only for a RST or an ICMP error.
    case EHOSTUNREACH:
    case ENETUNREACH:
      if (Saw(handshake, protocol::kSeenNodeIcmp | protocol::kSeenPodIcmp)) {
        return Stage::kRejected;
      }
      if (RefusedByRoute(handshake.result, handshake.source_address, handshake.seen)) {
        return Stage::kNothingSent;
      }
      return taps.node_out && !Saw(handshake, protocol::kSeenNodeSyn) ? Stage::kNothingSent
                                                                      : Stage::kUnknown;
    default:
      // ICMPv6 "prohibited" is EACCES (tab_unreach of net/ipv6/icmp.c).
      if (handshake.result == EACCES &&
          Saw(handshake, protocol::kSeenNodeIcmp | protocol::kSeenPodIcmp)) {
        return Stage::kRejected;
      }
      return Saw(handshake, protocol::kSeenNodeSyn) ? Stage::kUnknown : Stage::kNothingSent;
  }
}

const char* Describe(Stage stage) {
  switch (stage) {
    case Stage::kNone:
      return "it succeeded";
    case Stage::kNothingSent:
      return "no packet left the node";
    case Stage::kSynLost:
      return "the SYN left the node and did not reach the pod";
    case Stage::kNoSynAck:
      return "the SYN reached the pod, which sent no SYN-ACK";
    case Stage::kSynAckLost:
      return "the SYN-ACK left the pod and did not reach the socket on the node";
    case Stage::kRejected:
      return "the connection was rejected by a reset or an ICMP error";
    case Stage::kSlow:
      return "the connection was established, the answer was late or did not come";
    case Stage::kWrongAnswer:
      return "the answer is not one that the probe accepts";
    case Stage::kResetLater:
      return "the connection was established and then reset or closed without an answer";
    case Stage::kNotExecuted:
      return "the command could not be executed";
    case Stage::kExitCode:
      return "the command ended with an exit code that is not 0";
    case Stage::kCommandSlow:
      return "the command did not end in time";
    case Stage::kUnknown:
      break;
  }
  return "the place of the loss could not be observed";
}

const char* Letter(Stage stage) {
  switch (stage) {
    case Stage::kNone:
      return "-";
    case Stage::kNothingSent:
      return "A";
    case Stage::kSynLost:
      return "B";
    case Stage::kNoSynAck:
      return "C";
    case Stage::kSynAckLost:
      return "D";
    case Stage::kRejected:
      return "E";
    case Stage::kSlow:
      return "F";
    case Stage::kWrongAnswer:
      return "G";
    case Stage::kResetLater:
      return "H";
    case Stage::kNotExecuted:
      return "I";
    case Stage::kExitCode:
      return "J";
    case Stage::kCommandSlow:
      return "K";
    case Stage::kUnknown:
      break;
  }
  return "?";
}

}  // namespace netcheck::diagnosis
