#include "diagnosis/kubelet_words.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <utility>

namespace netcheck::diagnosis {
namespace {

using model::ProbeType;

constexpr std::string_view kStatusWords = "HTTP probe failed with statuscode: ";

constexpr std::string_view kErrored = "errored";
/// ErrCommandTimedOut (k8s.io/cri-client/pkg/remote_runtime.go).
constexpr std::string_view kCommandTimedOut = "command timed out: ";

constexpr std::pair<std::string_view, ProbeType> kTypes[] = {{"Liveness", ProbeType::kLiveness},
                                                             {"Readiness", ProbeType::kReadiness},
                                                             {"Startup", ProbeType::kStartup}};

/// The first that occurs in a message decides, so the more special ones come first.
constexpr std::pair<std::string_view, Ending> kWords[] = {
    {"connect: connection refused", Ending::kRefused},
    {"connect: no route to host", Ending::kUnreachable},
    {"connect: network is unreachable", Ending::kUnreachable},
    {"connect: operation not permitted", Ending::kNotSent},
    {"connect: cannot assign requested address", Ending::kNotSent},
    {"while reading body)", Ending::kBodyTimeout},
    {"while waiting for connection", Ending::kDialTimeout},
    {": i/o timeout", Ending::kDialTimeout},
    {"connect: connection timed out", Ending::kDialTimeout},
    {"context deadline exceeded", Ending::kTimeout},
    {"Client.Timeout exceeded", Ending::kTimeout},
    {"connection reset by peer", Ending::kReset},
    {": EOF", Ending::kReset},
    {"unexpected EOF", Ending::kReset},
    {kStatusWords, Ending::kStatus},
    {"server gave HTTP response to HTTPS client", Ending::kProtocol},
    {"malformed HTTP", Ending::kProtocol},
    {"tls: ", Ending::kProtocol}};

int StatusIn(std::string_view output) {
  const std::size_t at = output.find(kStatusWords);
  int status = 0;
  if (at != std::string_view::npos) {
    const std::string_view digits = output.substr(at + kStatusWords.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), status);
  }
  return status;
}

Stage StageOf(Ending ending) {
  switch (ending) {
    case Ending::kRefused:
    case Ending::kUnreachable:
      return Stage::kRejected;
    case Ending::kNotSent:
      return Stage::kNothingSent;
    case Ending::kBodyTimeout:
      return Stage::kSlow;
    case Ending::kReset:
      return Stage::kResetLater;
    case Ending::kStatus:
    case Ending::kProtocol:
      return Stage::kWrongAnswer;
    case Ending::kNotExecuted:
      return Stage::kNotExecuted;
    case Ending::kExitCode:
      return Stage::kExitCode;
    case Ending::kCommandSlow:
      return Stage::kCommandSlow;
    case Ending::kDialTimeout:
    case Ending::kTimeout:
    case Ending::kOther:
      break;
  }
  return Stage::kUnknown;
}

/// Endings that are met before anything is asked of the application.
bool IsOfHandshake(Ending ending) {
  return ending == Ending::kRefused || ending == Ending::kUnreachable ||
         ending == Ending::kNotSent || ending == Ending::kDialTimeout || ending == Ending::kTimeout;
}

bool Matches(const KubeletWords& kubelet, Ending ours, int status) {
  if (kubelet.ending == Ending::kTimeout) {
    return ours == Ending::kTimeout || ours == Ending::kDialTimeout;
  }
  return kubelet.ending == ours && (ours != Ending::kStatus || kubelet.status == status);
}

Ending EndingOfConnect(int result) {
  switch (result) {
    case ECONNREFUSED:
      return Ending::kRefused;
    case EHOSTUNREACH:
    case ENETUNREACH:
      return Ending::kUnreachable;
    case EPERM:
    case EADDRNOTAVAIL:
      return Ending::kNotSent;
    case ETIMEDOUT:
    case protocol::kResultDeadline:
      return Ending::kDialTimeout;
    default:
      return Ending::kOther;
  }
}

Ending EndingOf(const JudgedAttempt& judged) {
  const protocol::CheckAttempt& attempt = *judged.attempt;
  if (attempt.exec) {
    return judged.stage == Stage::kNotExecuted   ? Ending::kNotExecuted
           : judged.stage == Stage::kCommandSlow ? Ending::kCommandSlow
                                                 : Ending::kExitCode;
  }
  if (!attempt.connect_us) {
    return EndingOfConnect(attempt.connect_result);
  }
  if (judged.errored && judged.late) {
    return Ending::kBodyTimeout;
  }
  if (judged.stage == Stage::kSlow) {
    return Ending::kTimeout;
  }
  const std::string& words = attempt.error.empty() ? attempt.output : attempt.error;
  const auto read = ReadKubeletMessage("Liveness probe failed: " + words);
  return read ? read->ending : Ending::kOther;
}

/// Adds up, of what was tried for this probe, what could have ended so and what did.
void Compare(const ProbeCase& probe, const KubeletWords& words, KubeletFailure& failure) {
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& judged : check->attempts) {
      ++failure.attempts;
      failure.same +=
          judged.failed && Matches(words, EndingOf(judged), StatusIn(judged.attempt->output)) ? 1
                                                                                              : 0;
    }
  }
  if (!IsOfHandshake(words.ending)) {
    return;
  }
  for (const Batch* batch : probe.batches) {
    for (const HandshakeAttempt& attempt : batch->attempts) {
      const int result = attempt.handshake.result;
      failure.attempts += result == protocol::kResultNotTried ? 0 : 1;
      failure.same += attempt.failed() && Matches(words, EndingOfConnect(result), 0) ? 1 : 0;
    }
  }
}

const ProbeCase* FindProbe(const Digest& digest, const std::string& container, ProbeType type) {
  const auto it =
      std::find_if(digest.probes.begin(), digest.probes.end(), [&](const ProbeCase& probe) {
        return probe.probe->container == container && probe.probe->type == type;
      });
  return it == digest.probes.end() ? nullptr : &*it;
}

struct Group {
  const ProbeCase* probe = nullptr;
  KubeletWords words;
  KubeletFailure failure;
};

void Add(const model::ProbeEvent& event, KubeletFailure& failure) {
  failure.count += event.count;
  if (failure.first_seen.empty() || event.first_seen < failure.first_seen) {
    failure.first_seen = event.first_seen;
  }
  if (event.last_seen >= failure.last_seen) {
    failure.last_seen = event.last_seen;
    failure.message = event.message;
  }
}

}  // namespace

std::optional<KubeletWords> ReadKubeletMessage(const std::string& message) {
  for (const auto& [name, type] : kTypes) {
    const std::string prefix = std::string(name) + " probe ";
    if (!message.starts_with(prefix)) {
      continue;
    }
    KubeletWords words;
    words.type = type;
    words.errored = message.compare(prefix.size(), kErrored.size(), kErrored) == 0;
    const std::size_t colon = message.find(": ", prefix.size());
    words.output = colon == std::string::npos ? "" : message.substr(colon + 2);
    const auto* found = std::find_if(std::begin(kWords), std::end(kWords), [&](const auto& entry) {
      return words.output.find(entry.first) != std::string::npos || words.output == "EOF";
    });
    if (found != std::end(kWords)) {
      words.ending = words.output == "EOF" ? Ending::kReset : found->second;
    }
    words.status = words.ending == Ending::kStatus ? StatusIn(words.output) : 0;
    return words;
  }
  return std::nullopt;
}

Ending EndingOfCommand(const KubeletWords& words) {
  if (words.errored) {
    return Ending::kNotExecuted;
  }
  return words.output.starts_with(kCommandTimedOut) ? Ending::kCommandSlow : Ending::kExitCode;
}

std::vector<KubeletFailure> KubeletFailures(const Digest& digest) {
  std::vector<Group> groups;
  for (const model::ProbeEvent& event : digest.evidence->events) {
    auto words = ReadKubeletMessage(event.message);
    const ProbeCase* probe = words ? FindProbe(digest, event.container, words->type) : nullptr;
    if (probe == nullptr || event.reason != "Unhealthy") {
      continue;
    }
    if (probe->probe->kind == model::ProbeKind::kExec) {
      words->ending = EndingOfCommand(*words);
      words->status = 0;
    }
    auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& known) {
      return known.probe == probe && known.words.ending == words->ending &&
             known.words.status == words->status &&
             (words->ending != Ending::kOther || known.words.output == words->output);
    });
    if (group == groups.end()) {
      groups.push_back({probe, *words, {}});
      group = std::prev(groups.end());
    }
    Add(event, group->failure);
  }
  std::vector<KubeletFailure> failures;
  for (Group& group : groups) {
    group.failure.container = group.probe->probe->container;
    group.failure.probe = model::Name(group.words.type);
    group.failure.stage = StageOf(group.words.ending);
    if (group.probe->unusable.empty()) {
      Compare(*group.probe, group.words, group.failure);
    }
    failures.push_back(std::move(group.failure));
  }
  std::stable_sort(failures.begin(), failures.end(), [](const auto& a, const auto& b) {
    return a.last_seen < b.last_seen;
  });
  return failures;
}

}  // namespace netcheck::diagnosis
