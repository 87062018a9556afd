#include "container/become_process.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <limits>
#include <string_view>

#include "kernel/procfs_text.h"
#include "sys/close_range.h"
#include "sys/file_reader.h"
#include "sys/system_error.h"
#include "sys/unique_fd.h"

namespace netcheck::probe {
namespace {

constexpr int kFirstOther = 3;  // After the standard streams.

std::string Failed(std::string_view step) {
  return SystemError(step, errno).message;
}

/// What is ignored stays ignored in the program that execve(2) starts.
void ResetSignals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) {
    sigaction(number, &action, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// `keep` becomes the first descriptor after the standard ones, so that all above can go.
bool TakeStreams(const StandardStreams& streams, int& keep) {
  std::array<int, 3> high{};
  for (std::size_t i = 0; i < streams.size(); ++i) {
    high.at(i) = fcntl(streams.at(i), F_DUPFD_CLOEXEC, kFirstOther + 1);
    if (high.at(i) < 0) {
      return false;
    }
  }
  const int kept = fcntl(keep, F_DUPFD_CLOEXEC, kFirstOther + 1);
  if (kept < 0 || dup3(kept, kFirstOther, O_CLOEXEC) < 0) {
    return false;
  }
  keep = kFirstOther;
  for (int i = 0; i < kFirstOther; ++i) {
    if (dup2(high.at(static_cast<std::size_t>(i)), i) < 0) {
      return false;
    }
  }
  CloseRange(kFirstOther + 1, ~0U);
  return true;
}

bool WriteFile(const char* path, const std::string& text) {
  const UniqueFd fd(open(path, O_WRONLY | O_CLOEXEC));
  return fd.valid() &&
         write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// The label of the program that execve(2) starts (proc_pid_attr(5)).
bool SetLabel(const ProcessSpec& spec) {
  if (!spec.selinux_label.empty()) {
    return WriteFile("/proc/self/attr/exec", spec.selinux_label);
  }
  // The file of AppArmor's own is newer than the one that it shares (Linux 5.8).
  const std::string command = "exec " + spec.apparmor_profile;
  return spec.apparmor_profile.empty() || WriteFile("/proc/self/attr/apparmor/exec", command) ||
         WriteFile("/proc/self/attr/exec", command);
}

bool SetLimits(const std::vector<ResourceLimit>& limits) {
  return std::all_of(limits.begin(), limits.end(), [](const ResourceLimit& limit) {
    const rlimit value{limit.soft, limit.hard};
    return syscall(SYS_prlimit64, 0, limit.resource, &value, nullptr) == 0;
  });
}

/// A folder outside of the container's root is a way out of it (CVE-2024-21626).
bool IsInsideRoot() {
  std::array<char, 4096> folder{};
  return syscall(SYS_getcwd, folder.data(), folder.size()) > 0 && folder[0] == '/';
}

bool DropBoundingSet(std::uint64_t keep) {
  for (int capability = 0; capability < std::numeric_limits<std::uint64_t>::digits; ++capability) {
    if ((keep >> capability & 1U) == 0 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
      return errno == EINVAL;  // The kernel has no more.
    }
  }
  return true;
}

/// The system calls themselves: the C library's functions would do it for all threads, and their
/// list is that of the parent.
bool ChangeUser(const ProcessCredentials& credentials) {
  return syscall(SYS_setgroups, credentials.groups.size(), credentials.groups.data()) == 0 &&
         syscall(SYS_setresgid, credentials.gid, credentials.gid, credentials.gid) == 0 &&
         syscall(SYS_setresuid, credentials.uid, credentials.uid, credentials.uid) == 0;
}

bool SetCapabilities(const ProcessCredentials& credentials) {
  constexpr int kWordBits = 32;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  for (std::size_t word = 0; word < data.size(); ++word) {
    const auto part = [&](std::uint64_t set) {
      return static_cast<std::uint32_t>(set >> (word * kWordBits));
    };
    data.at(word) = {
        part(credentials.effective), part(credentials.permitted), part(credentials.inheritable)};
  }
  if (syscall(SYS_capset, &header, data.data()) != 0) {
    return false;
  }
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
    return errno == EINVAL && credentials.ambient == 0;  // Before Linux 4.3.
  }
  for (int capability = 0; capability < std::numeric_limits<std::uint64_t>::digits; ++capability) {
    if ((credentials.ambient >> capability & 1U) != 0 &&
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) {
      return false;
    }
  }
  return true;
}

/// The home folder of the user in the container's /etc/passwd, "/" where there is none
/// (libcontainer/user, GetExecUser).
std::string HomeOf(std::uint32_t uid) {
  constexpr std::size_t kMaxPasswd = 1U << 20U;
  constexpr int kUidField = 2;
  constexpr int kHomeField = 5;
  std::string home = "/";
  (void)ForEachLine("/etc/passwd", kMaxPasswd, [&](std::string_view line) {
    std::vector<std::string_view> fields;
    for (std::string_view rest = line; fields.size() <= kHomeField;) {
      const std::size_t end = rest.find(':');
      fields.push_back(rest.substr(0, end));
      rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
      if (end == std::string_view::npos) {
        break;
      }
    }
    if (fields.size() > kHomeField && ParseDecimal(fields[kUidField]) == std::int64_t{uid}) {
      home = fields[kHomeField];
      return Lines::kStop;
    }
    return Lines::kContinue;
  });
  return home;
}

std::string_view NameOf(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

/// As runc fills it (populateProcessEnvironment): of two values the later one counts, and HOME is
/// always set.
std::vector<std::string> Environment(const ProcessSpec& spec) {
  std::vector<std::string> environment;
  const auto set = [&](const std::string& variable) {
    const auto same =
        std::find_if(environment.begin(), environment.end(), [&](const std::string& other) {
          return NameOf(other) == NameOf(variable);
        });
    if (same != environment.end()) {
      *same = variable;
    } else {
      environment.push_back(variable);
    }
  };
  std::for_each(spec.environment.begin(), spec.environment.end(), set);
  const bool has_home =
      std::any_of(environment.begin(), environment.end(), [](const std::string& variable) {
        return NameOf(variable) == "HOME" && variable != "HOME=";
      });
  if (!has_home) {
    set("HOME=" + HomeOf(spec.credentials.uid));
  }
  return environment;
}

}  // namespace

std::string BecomeProcess(const ProcessSpec& spec,
                          const StandardStreams& streams,
                          int& keep,
                          std::vector<std::string>& environment) {
  const ProcessCredentials& credentials = spec.credentials;
  ResetSignals();
  setsid();
  // Keys of the probe are not for the container; a kernel without keyrings has none.
  syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
  if (!TakeStreams(streams, keep)) {
    return Failed("standard streams");
  }
  if (!SetLimits(spec.limits)) {
    return Failed("setrlimit");
  }
  umask(spec.umask.value_or(S_IWGRP | S_IWOTH));
  if (credentials.no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Failed("prctl(PR_SET_NO_NEW_PRIVS)");
  }
  if (!SetLabel(spec)) {
    return Failed("the container's AppArmor profile or SELinux label");
  }
  environment = Environment(spec);
  // First as root, who may go where the user may not; a volume of the user's may be the reverse.
  const bool inside = chdir(spec.working_directory.c_str()) == 0;
  if (!inside && errno != EACCES && errno != EPERM) {
    return Failed("chdir to " + spec.working_directory);
  }
  if (!DropBoundingSet(credentials.bounding)) {
    return Failed("the bounding set of capabilities");
  }
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || !ChangeUser(credentials)) {
    return Failed("user " + std::to_string(credentials.uid) + " and its groups");
  }
  if (!inside && chdir(spec.working_directory.c_str()) != 0) {
    return Failed("chdir to " + spec.working_directory);
  }
  if (!IsInsideRoot()) {
    errno = EPERM;
    return Failed("working directory " + spec.working_directory + " outside of the container");
  }
  prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
  if (!SetCapabilities(credentials)) {
    return Failed("capabilities");
  }
  return "";
}

}  // namespace netcheck::probe
