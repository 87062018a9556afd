#include "container/process_spec.h"

#include <unistd.h>

#include <array>
#include <string_view>
#include <utility>

#include "kernel/procfs_text.h"
#include "sys/file_reader.h"
#include "target/cgroup_path.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Result;

/// A pod may have thousands of variables.
constexpr std::size_t kMaxConfig = 8U << 20U;

std::optional<std::string> ReadLink(const std::string& path) {
  std::array<char, 4096> target{};
  const ssize_t length = readlink(path.c_str(), target.data(), target.size());
  return length > 0 ? std::optional(std::string(target.data(), static_cast<std::size_t>(length)))
                    : std::nullopt;
}

/// The words of a file whose words end with NUL.
std::vector<std::string> NulSeparated(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = text.find('\0');
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return words;
}

std::optional<std::int64_t> ParentOf(const std::string& status) {
  constexpr std::string_view kField = "PPid:";
  for (const std::string_view line : SplitLines(status)) {
    if (line.starts_with(kField)) {
      return ParseDecimal(Trim(line.substr(kField.size())));
    }
  }
  return std::nullopt;
}

/// containerd's shim works in the bundle of the pod's first container, beside the others' (on
/// pkg/cri's v2 runtimes: .../io.containerd.runtime.v2.task/k8s.io/ID); conmon in the container's
/// own, or it is told its bundle with -b.
std::vector<std::string> BundlesOf(std::int64_t parent,
                                   const std::string& container_id,
                                   const std::string& proc_root) {
  const std::string process = proc_root + "/" + std::to_string(parent);
  std::vector<std::string> bundles{process + "/cwd/../" + container_id, process + "/cwd"};
  if (const auto command = ReadFile(process + "/cmdline")) {
    const std::vector<std::string> words = NulSeparated(*command);
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      if ((words[i] == "-b" || words[i] == "--bundle") && words[i + 1].starts_with('/')) {
        bundles.push_back(process + "/root" + words[i + 1]);
      }
    }
  }
  return bundles;
}

Result<ProcessSpec> ReadRuntimeSpec(const std::string& status,
                                    const std::string& container_id,
                                    const std::string& proc_root) {
  const auto parent = ParentOf(status);
  if (!parent || *parent <= 0 || container_id.empty()) {
    return Error{"the runtime's process is not seen", 0};
  }
  for (const std::string& bundle : BundlesOf(*parent, container_id, proc_root)) {
    // conmon's own directory is that of another container where it does not tell.
    if (const auto target = ReadLink(bundle);
        target && target->find(container_id) == std::string::npos) {
      continue;
    }
    if (const auto config = ReadFile(bundle + "/config.json", kMaxConfig)) {
      return ParseOciConfig(*config);
    }
  }
  return Error{"no config.json of the runtime was found", 0};
}

/// "NAME (enforce)", "NAME (complain)" or "unconfined" of AppArmor; else a context of SELinux.
void ReadLabel(const std::string& process, ProcessSpec& spec) {
  const auto text = ReadFile(process + "/attr/current");
  std::string_view label = text ? Trim(*text) : std::string_view();
  while (label.ends_with('\0')) {
    label.remove_suffix(1);
  }
  if (const std::size_t mode = label.rfind(" ("); mode != label.npos && label.ends_with(')')) {
    spec.apparmor_profile = label.substr(0, mode);
  } else if (label != "unconfined") {
    spec.selinux_label = label;
  }
}

/// The IDs that /proc shows are those of the reader's user namespace.
bool SharesUserNamespace(const std::string& process, const std::string& proc_root) {
  const auto theirs = ReadLink(process + "/ns/user");
  const auto ours = ReadLink(proc_root + "/self/ns/user");
  return !theirs || !ours || *theirs == *ours;
}

Result<ProcessSpec> CopyFirstProcess(const std::string& status,
                                     const std::string& process,
                                     const std::string& proc_root) {
  const auto credentials = ParseCredentials(status);
  const auto environment = ReadFile(process + "/environ");
  auto directory = ReadLink(process + "/cwd");
  if (!credentials || !environment || !directory) {
    return Error{process + ": what it was started with can't be read", 0};
  }
  if (!SharesUserNamespace(process, proc_root)) {
    return Error{process + " is in a user namespace, and no config.json of the runtime was found",
                 0};
  }
  ProcessSpec spec;
  spec.credentials = *credentials;
  spec.environment = NulSeparated(*environment);
  spec.working_directory = std::move(*directory);
  ReadLabel(process, spec);
  if (const auto adjustment = ReadFile(process + "/oom_score_adj")) {
    if (const auto number = ParseDecimal(Trim(*adjustment))) {
      spec.oom_score_adj = static_cast<int>(*number);
    }
  }
  return spec;
}

/// The ID that the process's cgroup has in its name; "" where it has none.
std::string ContainerIdOf(const std::string& process) {
  const auto cgroups = ReadFile(process + "/cgroup");
  const std::string text = cgroups ? *cgroups : "";
  for (const CgroupLine& cgroup : ParseCgroupFile(text)) {
    if (const std::string_view id = ContainerIn(cgroup.path); !id.empty()) {
      return std::string(id);
    }
  }
  return "";
}

}  // namespace

Result<ProcessSpec> ReadProcessSpec(const Process& first_process, const std::string& proc_root) {
  const std::string process = proc_root + "/" + std::to_string(first_process.pid);
  const auto status = ReadFile(process + "/status");
  if (!status) {
    return status.error();
  }
  auto spec = ReadRuntimeSpec(*status, ContainerIdOf(process), proc_root);
  if (!spec) {
    spec = CopyFirstProcess(*status, process, proc_root);
  }
  const auto stat = ReadProcessStat(first_process.pid, proc_root);
  if (!stat || !stat->alive() || stat->start_ticks != first_process.start_ticks) {
    return Error{"process " + std::to_string(first_process.pid) + " ended while it was looked at",
                 0};
  }
  return spec;
}

}  // namespace netcheck::probe
