#pragma once

#include <string>

#include "cli/console.h"
#include "cli/options.h"
#include "kube/api.h"

// One function a command, each in a file of its own. They return the exit code.
namespace netcheck::cli {

/// What the commands need of a connection.
struct Cluster {
  kube::Api& api;
  std::string default_namespace;
};

int RunPodCommand(const PodOptions& options,
                  bool verbose,
                  const Cluster& cluster,
                  Console& console);
int RunServiceCommand(const ServiceOptions& options,
                      bool verbose,
                      const Cluster& cluster,
                      Console& console);
int RunReplayCommand(const ReplayOptions& options, bool verbose, Console& console);
int RunExplainCommand(const ExplainOptions& options, Console& console);
int RunCleanupCommand(const CleanupOptions& options, const Cluster& cluster, Console& console);
/// `cluster` is nullptr with --client.
int RunVersionCommand(const VersionOptions& options, const Cluster* cluster, Console& console);
int RunManifestsCommand(Console& console);

}  // namespace netcheck::cli
