#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "container/process_credentials.h"
#include "protocol/json_fwd.h"
#include "protocol/result.h"
#include "target/pod_processes.h"

namespace netcheck::probe {

struct ResourceLimit {
  int resource = 0;  ///< RLIMIT_NOFILE ... (include/uapi/asm-generic/resource.h)
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

/// Where a ProcessSpec comes from.
enum class SpecSource {
  kRuntime,  ///< The runtime's own config.json: what it gives to each command it runs.
  /// The container's first process, which may have changed it since it was started.
  kFirstProcess,
};

/// What a runtime gives to a process that it starts in a container ("process" of the OCI
/// runtime-spec, config.md).
struct ProcessSpec {
  SpecSource source = SpecSource::kFirstProcess;
  std::vector<std::string> environment;  ///< "NAME=value"
  std::string working_directory;         ///< Absolute, in the container.
  /// Effective sets are those of a process that has not yet called execve(2). IDs are those of the
  /// container's user namespace. `seccomp_mode` tells of a filter, which nothing here can copy.
  ProcessCredentials credentials;
  std::optional<std::uint32_t> umask;
  std::string apparmor_profile;  ///< "": none, or unconfined.
  std::string selinux_label;     ///< "": none.
  std::vector<ResourceLimit> limits;
  std::optional<int> oom_score_adj;
};

/// Of a runtime's config.json. Fails where it has no "process" or a field of another type.
protocol::Result<ProcessSpec> ParseOciConfig(const std::string& config_json);

/// How a process of that container is to be started: by the runtime's config.json, which is found
/// by the ID in the cgroup's name and through the working directory of the process that started the
/// container (containerd's shim, CRI-O's conmon), else as its first process is. Fails when that has
/// ended.
protocol::Result<ProcessSpec> ReadProcessSpec(const Process& first_process,
                                              const std::string& proc_root = "/proc");

}  // namespace netcheck::probe
