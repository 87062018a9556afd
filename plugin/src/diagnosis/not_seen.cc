#include "diagnosis/not_seen.h"

#include <fmt/format.h>

namespace netcheck::diagnosis {
namespace {

/// Differences between a command that the probe ran and one that kubelet runs.
void AddCommand(const ProbeCase& probe,
                const protocol::ExecRun& run,
                std::vector<model::NotSeen>& list) {
  if (run.seccomp_left_out) {
    list.push_back({fmt::format("the seccomp filter of container {}", probe.probe->container),
                    "the kernel lets nobody copy a filter",
                    "the probe's command was run without it"});
  }
  if (run.source == "process") {
    list.push_back(
        {fmt::format("the runtime's config.json of container {}", probe.probe->container),
         "it was not found on the node",
         "the probe's command was run with the environment and user of the container's "
         "first process, which may have changed them"});
  }
}

}  // namespace

std::vector<model::NotSeen> NotSeenOf(const Digest& digest) {
  std::vector<model::NotSeen> list = digest.evidence->not_seen;
  for (const ProbeCase& probe : digest.probes) {
    for (const CheckCase* check : probe.checks) {
      for (const protocol::Unavailable& fact : digest.report().unavailable) {
        if (fact.what == "check " + check->plan->id) {
          list.push_back({probe.subject, fact.reason, "the probe was not checked"});
        }
      }
      if (!check->attempts.empty() && check->attempts.front().attempt->exec) {
        AddCommand(probe, *check->attempts.front().attempt->exec, list);
      }
    }
  }
  return list;
}

}  // namespace netcheck::diagnosis
