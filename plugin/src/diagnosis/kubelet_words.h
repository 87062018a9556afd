#pragma once

#include <optional>
#include <string>

#include "diagnosis/digest.h"
#include "diagnosis/finding.h"

// kubelet's events about probes (pkg/kubelet/prober/prober.go), and whether our attempts agree.
namespace netcheck::diagnosis {

/// How an attempt of a probe ended, as far as kubelet's words tell.
enum class Ending {
  kRefused,      ///< RST or ICMP port unreachable.
  kUnreachable,  ///< No route, or an ICMP error.
  kNotSent,      ///< The node itself forbade it.
  kDialTimeout,  ///< The handshake got no answer.
  kTimeout,      ///< The handshake or the response: these words don't say.
  kBodyTimeout,  ///< The headers came, the body did not end.
  kCallTimeout,  ///< gRPC: the connection stood, the answer did not come.
  kNoGrpc,       ///< gRPC: no connection, or nothing that speaks HTTP/2 at its other end.
  kReset,        ///< Closed or reset after the handshake.
  kStatus,       ///< Answered, with a status that is a failure.
  kProtocol,     ///< Answered, in another protocol or TLS.
  kNotExecuted,  ///< A command that could not be executed.
  kExitCode,     ///< A command that failed.
  kCommandSlow,  ///< A command that was killed at the limit.
  kUnhealthy,    ///< Answered, with something else that is a failure.
  kOther,
};

struct KubeletWords {
  model::ProbeType type = model::ProbeType::kUnknown;
  Ending ending = Ending::kOther;
  int status = 0;        ///< When kStatus.
  bool errored = false;  ///< "probe errored" instead of "probe failed".
  std::string output;    ///< Without "Liveness probe failed: ".
};

/// kubelet's own words for an attempt: its prober's error, otherwise its output.
const std::string& WordsOf(const protocol::CheckAttempt& attempt);
/// What kubelet's prober puts out or returns as its error.
Ending EndingIn(const std::string& output);

/// "Liveness probe failed: …", "Readiness probe errored…", "Startup probe warning: …", also where
/// kubelet combined similar events; nullopt: another message. What a command wrote is not read for
/// endings: it may say anything.
std::optional<KubeletWords> ReadKubeletMessage(const std::string& message);
/// The ending of an exec probe with these words.
Ending EndingOfCommand(const KubeletWords& words);

/// By container, probe and ending, in the order of their last event.
std::vector<KubeletFailure> KubeletFailures(const Digest& digest);

}  // namespace netcheck::diagnosis
