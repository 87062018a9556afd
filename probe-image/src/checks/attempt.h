#pragma once

#include <string>
#include <vector>

#include "checks/dial.h"
#include "checks/patience.h"
#include "engine/clock.h"
#include "protocol/facts.h"
#include "protocol/plan.h"

// One attempt of a check, as kubelet makes it.
namespace netcheck::probe {

struct AttemptContext {
  const ProbeClock& clock;
  StopHook stop;
  DialObserver on_connect;                                  ///< May be empty.
  std::vector<protocol::ContainerProcess> containers = {};  ///< Those that commands can run in.
  SilenceObserver on_silence = {};                          ///< Of the first connection.
};

/// How the first connection of an attempt is made.
inline DialOptions FirstDial(const protocol::Check& check, const AttemptContext& context) {
  return {context.on_connect, static_cast<std::uint16_t>(check.source_port), context.on_silence};
}

struct AttemptOutcome {
  /// All but `check`, `index` and `seen`.
  protocol::CheckAttempt fact;
  /// The stop hook cut it off: the fact says nothing about the target.
  bool stopped = false;
  /// Why nothing could be tried, which says nothing about the target either; "": it was.
  std::string not_made;
};

/// pkg/probe/http with redirects to other hosts not followed; HTTP/2 where a TLS server chooses it.
AttemptOutcome AttemptHttp(const protocol::Check& check, const AttemptContext& context);
/// pkg/probe/grpc: grpc.health.v1.Health/Check over plain HTTP/2. Connecting goes on, with
/// grpc-go's pauses, until the server sent its SETTINGS or the time is over.
AttemptOutcome AttemptGrpc(const protocol::Check& check, const AttemptContext& context);
/// pkg/probe/exec by way of the runtime's ExecSync, as containerd 1.6 to 2 and runc do it, in their
/// words; "ID" stands for the number that containerd gives to each command. The limit counts from
/// the moment when the command was executed.
AttemptOutcome AttemptExec(const protocol::Check& check, const AttemptContext& context);
/// pkg/probe/tcp: connect, close.
AttemptOutcome AttemptTcp(const protocol::Check& check, const AttemptContext& context);

}  // namespace netcheck::probe
