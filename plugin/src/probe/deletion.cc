#include "probe/deletion.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "kube/requests.h"
#include "probe/retry.h"

namespace netcheck::probe_pod {
namespace {

constexpr int kMaxFailures = 4;
/// How often a pod that may still appear is looked for, and how long after each other; no interrupt
/// cuts this short.
constexpr int kMaxAbsences = 5;
constexpr std::chrono::milliseconds kAbsencePause{200};
/// The user has pressed Ctrl-C and waits.
constexpr std::chrono::seconds kTimeout{5};

}  // namespace

std::string DeleteProbePod(kube::Api& api,
                           const std::string& namespace_name,
                           const std::string& name,
                           PodKnowledge knowledge) {
  kube::Request request;
  request.verb = kube::Verb::kDelete;
  request.path = kube::PodPath(namespace_name, name);
  request.body = {{"apiVersion", "v1"},
                  {"kind", "DeleteOptions"},
                  {"gracePeriodSeconds", knowledge == PodKnowledge::kEnded ? 0 : 1},
                  {"propagationPolicy", "Background"}};
  request.even_if_interrupted = true;
  request.timeout = kTimeout;
  Backoff backoff(kMaxFailures);
  int absences = knowledge == PodKnowledge::kMayAppear ? 0 : kMaxAbsences;
  while (true) {
    const auto deleted = api.Call(request);
    const bool absent = !deleted && deleted.error().failure == kube::Failure::kNotFound;
    if (deleted || (absent && absences == kMaxAbsences)) {
      return "";
    }
    if (absent) {
      ++absences;
      std::this_thread::sleep_for(kAbsencePause);
      continue;
    }
    if (!IsTransient(deleted.error()) || !backoff.Wait()) {
      return fmt::format(
          "the probe pod {} could not be deleted: {}; it ends by itself, remove it with "
          "`kubectl delete pod -n {} {}` or `kubectl netcheck cleanup`",
          name,
          deleted.error().message,
          namespace_name,
          name);
    }
  }
}

}  // namespace netcheck::probe_pod
