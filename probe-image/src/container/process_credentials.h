#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace netcheck::probe {

/// SECCOMP_MODE_FILTER (include/uapi/linux/seccomp.h)
inline constexpr int kSeccompFilter = 2;

/// What a process may do: the fields of /proc/PID/status that a runtime sets for a process of a
/// container (fs/proc/array.c; proc_pid_status(5)).
struct ProcessCredentials {
  std::uint32_t uid = 0;  ///< Effective, in the reader's user namespace.
  std::uint32_t gid = 0;  ///< Likewise.
  std::vector<std::uint32_t> groups;
  // Capability sets, one bit each (include/uapi/linux/capability.h).
  std::uint64_t inheritable = 0;
  std::uint64_t permitted = 0;
  std::uint64_t effective = 0;
  std::uint64_t bounding = 0;
  std::uint64_t ambient = 0;  ///< 0 before Linux 4.3, which has none.
  bool no_new_privs = false;  ///< false before Linux 4.10, which does not tell.
  int seccomp_mode = 0;       ///< 0: none; kSeccompFilter.
};

/// nullopt: a field that every kernel has is missing or malformed.
std::optional<ProcessCredentials> ParseCredentials(std::string_view status);

}  // namespace netcheck::probe
