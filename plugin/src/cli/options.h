#pragma once

#include <optional>
#include <string>
#include <variant>

#include "gather/find_service.h"
#include "gather/port_choice.h"
#include "gather/select_probes.h"
#include "kube/kubeconfig.h"

// A command line as a value.
namespace netcheck::cli {

enum class OutputFormat { kTable, kJson };

/// What all commands that run the probe have.
struct RunOptions {
  std::optional<int> time_limit_ms;  ///< --timeout: of the start, and of the checks.
  std::string image;
  std::string probe_namespace;  ///< --namespace-for-probe; "": netcheck chooses.
  std::string save;             ///< File for the evidence; "": it isn't kept.
  OutputFormat output = OutputFormat::kTable;
};

/// kubectl netcheck pod NAME
struct PodOptions : RunOptions {
  std::string pod;
  gather::ProbeFilter filter;
  gather::PortChoice ports;
  std::optional<int> rate;  ///< Connections a second.
};

/// kubectl netcheck service NAME
struct ServiceOptions : RunOptions {
  gather::ServiceChoice service;
};

/// kubectl netcheck replay FILE
struct ReplayOptions {
  std::string file;  ///< "-": standard input.
  OutputFormat output = OutputFormat::kTable;
};

/// kubectl netcheck explain [CODE]
struct ExplainOptions {
  std::string code;  ///< "": all of them, one line each.
};

/// kubectl netcheck cleanup
struct CleanupOptions {
  std::string probe_namespace;  ///< "": all that the user may see.
};

/// kubectl netcheck version
struct VersionOptions {
  bool client_only = false;
  OutputFormat output = OutputFormat::kTable;
};

/// kubectl netcheck manifests
struct ManifestsOptions {};

struct Options {
  std::variant<PodOptions,
               ServiceOptions,
               ReplayOptions,
               ExplainOptions,
               CleanupOptions,
               VersionOptions,
               ManifestsOptions>
      command;
  kube::ConnectionFlags connection;
  bool verbose = false;
};

}  // namespace netcheck::cli
