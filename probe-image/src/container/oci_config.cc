#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "container/process_spec.h"
#include "protocol/fraction_range.h"
#include "protocol/json.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Json;

/// Bit N is the name at N (include/uapi/linux/capability.h).
constexpr std::array<std::string_view, 41> kCapabilities{"CAP_CHOWN",
                                                         "CAP_DAC_OVERRIDE",
                                                         "CAP_DAC_READ_SEARCH",
                                                         "CAP_FOWNER",
                                                         "CAP_FSETID",
                                                         "CAP_KILL",
                                                         "CAP_SETGID",
                                                         "CAP_SETUID",
                                                         "CAP_SETPCAP",
                                                         "CAP_LINUX_IMMUTABLE",
                                                         "CAP_NET_BIND_SERVICE",
                                                         "CAP_NET_BROADCAST",
                                                         "CAP_NET_ADMIN",
                                                         "CAP_NET_RAW",
                                                         "CAP_IPC_LOCK",
                                                         "CAP_IPC_OWNER",
                                                         "CAP_SYS_MODULE",
                                                         "CAP_SYS_RAWIO",
                                                         "CAP_SYS_CHROOT",
                                                         "CAP_SYS_PTRACE",
                                                         "CAP_SYS_PACCT",
                                                         "CAP_SYS_ADMIN",
                                                         "CAP_SYS_BOOT",
                                                         "CAP_SYS_NICE",
                                                         "CAP_SYS_RESOURCE",
                                                         "CAP_SYS_TIME",
                                                         "CAP_SYS_TTY_CONFIG",
                                                         "CAP_MKNOD",
                                                         "CAP_LEASE",
                                                         "CAP_AUDIT_WRITE",
                                                         "CAP_AUDIT_CONTROL",
                                                         "CAP_SETFCAP",
                                                         "CAP_MAC_OVERRIDE",
                                                         "CAP_MAC_ADMIN",
                                                         "CAP_SYSLOG",
                                                         "CAP_WAKE_ALARM",
                                                         "CAP_BLOCK_SUSPEND",
                                                         "CAP_AUDIT_READ",
                                                         "CAP_PERFMON",
                                                         "CAP_BPF",
                                                         "CAP_CHECKPOINT_RESTORE"};

constexpr std::array<std::pair<std::string_view, int>, 16> kLimits{
    {{"RLIMIT_AS", RLIMIT_AS},
     {"RLIMIT_CORE", RLIMIT_CORE},
     {"RLIMIT_CPU", RLIMIT_CPU},
     {"RLIMIT_DATA", RLIMIT_DATA},
     {"RLIMIT_FSIZE", RLIMIT_FSIZE},
     {"RLIMIT_LOCKS", RLIMIT_LOCKS},
     {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
     {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
     {"RLIMIT_NICE", RLIMIT_NICE},
     {"RLIMIT_NOFILE", RLIMIT_NOFILE},
     {"RLIMIT_NPROC", RLIMIT_NPROC},
     {"RLIMIT_RSS", RLIMIT_RSS},
     {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
     {"RLIMIT_RTTIME", RLIMIT_RTTIME},
     {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
     {"RLIMIT_STACK", RLIMIT_STACK}}};

/// A name that this table lacks is of a kernel that is newer than it; runc leaves unknown ones out.
std::uint64_t CapabilitySet(const Json& names) {
  std::uint64_t set = 0;
  for (const Json& name : names) {
    const auto* const known =
        std::find(kCapabilities.begin(), kCapabilities.end(), name.get_ref<const std::string&>());
    if (known != kCapabilities.end()) {
      set |= std::uint64_t{1} << (known - kCapabilities.begin());
    }
  }
  return set;
}

void ReadCapabilities(const Json& capabilities, ProcessCredentials& credentials) {
  const std::array sets{std::pair{"bounding", &credentials.bounding},
                        std::pair{"permitted", &credentials.permitted},
                        std::pair{"effective", &credentials.effective},
                        std::pair{"inheritable", &credentials.inheritable},
                        std::pair{"ambient", &credentials.ambient}};
  for (const auto& [name, set] : sets) {
    *set = CapabilitySet(capabilities.value(name, Json::array()));
  }
}

std::vector<ResourceLimit> ReadLimits(const Json& list) {
  std::vector<ResourceLimit> limits;
  for (const Json& item : list) {
    const auto type = item.at("type").get<std::string>();
    const auto* const known = std::find_if(
        kLimits.begin(), kLimits.end(), [&](const auto& limit) { return limit.first == type; });
    if (known != kLimits.end()) {
      limits.push_back({known->second,
                        item.at("soft").get<std::uint64_t>(),
                        item.at("hard").get<std::uint64_t>()});
    }
  }
  return limits;
}

ProcessSpec ReadProcess(const Json& process) {
  ProcessSpec spec;
  spec.source = SpecSource::kRuntime;
  spec.environment = process.value("env", spec.environment);
  spec.working_directory = process.at("cwd").get<std::string>();
  const Json user = process.value("user", Json::object());
  spec.credentials.uid = user.value("uid", 0U);
  spec.credentials.gid = user.value("gid", 0U);
  spec.credentials.groups = user.value("additionalGids", spec.credentials.groups);
  if (user.contains("umask")) {
    spec.umask = user["umask"].get<std::uint32_t>();
  }
  ReadCapabilities(process.value("capabilities", Json::object()), spec.credentials);
  spec.credentials.no_new_privs = process.value("noNewPrivileges", false);
  spec.apparmor_profile = process.value("apparmorProfile", "");
  if (spec.apparmor_profile == "unconfined") {
    spec.apparmor_profile.clear();
  }
  spec.selinux_label = process.value("selinuxLabel", "");
  spec.limits = ReadLimits(process.value("rlimits", Json::array()));
  if (process.contains("oomScoreAdj")) {
    spec.oom_score_adj = process["oomScoreAdj"].get<int>();
  }
  return spec;
}

}  // namespace

protocol::Result<ProcessSpec> ParseOciConfig(const std::string& config_json) {
  try {
    const Json config = Json::parse(config_json);
    if (protocol::HasFractionOutOfRange(config.at("process"))) {
      return Error{"the runtime's config.json: a fraction that is out of range", 0};
    }
    ProcessSpec spec = ReadProcess(config.at("process"));
    const Json linux_part = config.value("linux", Json::object());
    if (linux_part.contains("seccomp") && linux_part["seccomp"].is_object()) {
      spec.credentials.seccomp_mode = kSeccompFilter;
    }
    return spec;
  } catch (const Json::exception& e) {
    return Error{std::string("the runtime's config.json: ") + e.what()};
  }
}

}  // namespace netcheck::probe
