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

/// What kubelet's recorder puts before a message that stands for many (client-go, events_cache.go).
constexpr std::string_view kCombined = "(combined from similar events): ";

/// The first that occurs in a message decides, so the more special ones come first.
constexpr std::pair<std::string_view, Ending> kWords[] = {
    {"timeout: failed to connect service", Ending::kNoGrpc},
    {"timeout: health rpc did not complete", Ending::kCallTimeout},
    {"service unhealthy (responded with", Ending::kUnhealthy},
    {"error: health rpc probe failed", Ending::kUnhealthy},
    {"error: this server does not implement the grpc health protocol", Ending::kUnhealthy},
    {"stopped after 10 redirects", Ending::kUnhealthy},
    {"connect: connection refused", Ending::kRefused},
    {"connect: no route to host", Ending::kUnreachable},
    {"connect: network is unreachable", Ending::kUnreachable},
    {"connect: permission denied", Ending::kUnreachable},
    {"connect: operation not permitted", Ending::kNotSent},
    {"connect: cannot assign requested address", Ending::kNotSent},
    {"while reading body)", Ending::kBodyTimeout},
    {"while waiting for connection", Ending::kDialTimeout},
    {": i/o timeout", Ending::kDialTimeout},
    {"connect: connection timed out", Ending::kDialTimeout},
    {"context deadline exceeded", Ending::kTimeout},
    {"Client.Timeout exceeded", Ending::kTimeout},
    {"net/http: TLS handshake timeout", Ending::kTimeout},
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
    case Ending::kCallTimeout:
      return Stage::kSlow;
    case Ending::kReset:
      return Stage::kResetLater;
    case Ending::kStatus:
    case Ending::kProtocol:
    case Ending::kUnhealthy:
      return Stage::kWrongAnswer;
    case Ending::kNotExecuted:
      return Stage::kNotExecuted;
    case Ending::kExitCode:
      return Stage::kExitCode;
    case Ending::kCommandSlow:
      return Stage::kCommandSlow;
    case Ending::kNoGrpc:
    case Ending::kDialTimeout:
    case Ending::kTimeout:
    case Ending::kOther:
      break;
  }
  return Stage::kUnknown;
}

/// Without the names that a container runtime gives to its commands, which are new each time.
std::string Comparable(const std::string& words) {
  constexpr std::size_t kIdLength = 64;
  std::string text;
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t end = std::min(words.find_first_not_of("0123456789abcdef", at), words.size());
    if (end - at == kIdLength) {
      text += "ID";
    } else {
      text += words.substr(at, end - at);
    }
    if (end < words.size()) {
      text += words[end];
    }
    at = end + 1;
  }
  return text;
}

/// Endings that only an application's own words tell apart.
bool IsWorded(Ending ending) {
  return ending == Ending::kOther || ending == Ending::kUnhealthy;
}

/// Endings that are met before anything is asked of the application.
bool IsOfHandshake(Ending ending) {
  return ending == Ending::kRefused || ending == Ending::kUnreachable ||
         ending == Ending::kNotSent || ending == Ending::kDialTimeout || ending == Ending::kTimeout;
}

bool Matches(const KubeletWords& kubelet, Ending ours, int status) {
  if (kubelet.ending == Ending::kCallTimeout) {
    return ours == Ending::kTimeout;
  }
  if (kubelet.ending == Ending::kTimeout) {
    return ours == Ending::kTimeout || ours == Ending::kDialTimeout;
  }
  return kubelet.ending == ours && !IsWorded(ours) &&
         (ours != Ending::kStatus || kubelet.status == status);
}

Ending EndingOfConnect(int result) {
  switch (result) {
    case ECONNREFUSED:
      return Ending::kRefused;
    case EACCES:
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
  if (judged.stage == Stage::kSlow) {
    return judged.errored ? Ending::kBodyTimeout : Ending::kTimeout;
  }
  return EndingIn(WordsOf(attempt));
}

/// Whether an attempt says the same as kubelet. Its words are cut at 1 KiB, between characters.
bool SaysSame(const std::string& kubelet, const std::string& ours) {
  constexpr std::size_t kSurelyUncut = 1020;
  return ours.size() <= kSurelyUncut ? Comparable(kubelet) == Comparable(ours)
                                     : Comparable(kubelet).starts_with(Comparable(ours));
}

/// Whether this is how the attempt ended whose words these are. kubelet words a timeout in several
/// ways, and a late answer has words of its own.
bool EndedSo(const JudgedAttempt& judged, const KubeletWords& words) {
  return judged.failed && (SaysSame(words.output, WordsOf(*judged.attempt)) ||
                           Matches(words, EndingOf(judged), StatusIn(judged.attempt->output)));
}

/// Adds up, of what was tried for this probe, what could have ended so and what did.
void Compare(const ProbeCase& probe, const KubeletWords& words, KubeletFailure& failure) {
  if (!probe.port_error.empty()) {
    failure.attempts = 1;
    failure.same = words.output == probe.port_error ? 1 : 0;
  }
  for (const CheckCase* check : probe.checks) {
    for (const JudgedAttempt& judged : check->attempts) {
      ++failure.attempts;
      failure.same += EndedSo(judged, words) ? 1 : 0;
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

const std::string& WordsOf(const protocol::CheckAttempt& attempt) {
  return attempt.error.empty() ? attempt.output : attempt.error;
}

Ending EndingIn(const std::string& output) {
  if (output == "EOF") {
    return Ending::kReset;
  }
  const auto* found = std::find_if(std::begin(kWords), std::end(kWords), [&](const auto& entry) {
    return output.find(entry.first) != std::string::npos;
  });
  return found == std::end(kWords) ? Ending::kOther : found->second;
}

std::optional<KubeletWords> ReadKubeletMessage(const std::string& message) {
  const std::size_t start = message.starts_with(kCombined) ? kCombined.size() : 0;
  for (const auto& [name, type] : kTypes) {
    const std::string prefix = std::string(name) + " probe ";
    if (message.compare(start, prefix.size(), prefix) != 0) {
      continue;
    }
    KubeletWords words;
    words.type = type;
    words.errored = message.compare(start + prefix.size(), kErrored.size(), kErrored) == 0;
    const std::size_t colon = message.find(": ", start + prefix.size());
    words.output = colon == std::string::npos ? "" : message.substr(colon + 2);
    words.ending = EndingIn(words.output);
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
             (!IsWorded(words->ending) ||
              Comparable(known.words.output) == Comparable(words->output));
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
