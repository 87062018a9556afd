#include "probe/deletion.h"

#include <fmt/format.h>

#include <chrono>

#include "kube/requests.h"
#include "probe/retry.h"

namespace netcheck::probe_pod {
namespace {

constexpr int kMaxFailures = 4;
/// The user has pressed Ctrl-C and waits.
constexpr std::chrono::seconds kTimeout{5};

}  // namespace

std::string DeleteProbePod(kube::Api& api,
                           const std::string& namespace_name,
                           const std::string& name,
                           bool ended) {
  kube::Request request;
  request.verb = kube::Verb::kDelete;
  request.path = kube::PodPath(namespace_name, name);
  request.body = {{"apiVersion", "v1"},
                  {"kind", "DeleteOptions"},
                  {"gracePeriodSeconds", ended ? 0 : 1},
                  {"propagationPolicy", "Background"}};
  request.even_if_interrupted = true;
  request.timeout = kTimeout;
  Backoff backoff(kMaxFailures);
  while (true) {
    const auto deleted = api.Call(request);
    if (deleted || deleted.error().failure == kube::Failure::kNotFound) {
      return "";
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
