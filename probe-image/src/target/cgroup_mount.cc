#include "target/cgroup_mount.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "kernel/procfs_text.h"
#include "sys/file_reader.h"

namespace netcheck::probe {
namespace {

/// mountinfo writes blanks and backslashes as three octal digits.
std::string Unescape(std::string_view text) {
  constexpr std::size_t kDigits = 3;
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digits = text.substr(std::min(i + 1, text.size()), kDigits);
    const bool is_octal =
        digits.size() == kDigits && digits.find_first_not_of("01234567") == std::string_view::npos;
    if (text[i] == '\\' && is_octal) {
      plain += static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + digits[2] - '0');
      i += kDigits;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::optional<CgroupMount> ParseMount(std::string_view line) {
  // ID parent device root mount-point options [tags...] - type source super-options
  constexpr std::size_t kRoot = 3;
  constexpr std::size_t kMountPoint = 4;
  constexpr std::size_t kFirstTag = 6;
  const auto words = SplitWords(line);
  if (words.size() < kFirstTag) {
    return std::nullopt;
  }
  const auto dash = std::find(words.begin() + kFirstTag, words.end(), "-");
  if (words.end() - dash < 4) {
    return std::nullopt;
  }
  const bool v2 = dash[1] == "cgroup2";
  if (!v2 && dash[1] != "cgroup") {
    return std::nullopt;
  }
  return CgroupMount{
      v2, std::string(dash[3]), Unescape(words[kRoot]), Unescape(words[kMountPoint])};
}

/// `path` as seen below `root`; nullopt when it is not below.
std::optional<std::string_view> RelativeTo(std::string_view path, std::string_view root) {
  if (root == "/") {
    root = "";
  }
  if (!path.starts_with(root)) {
    return std::nullopt;
  }
  path.remove_prefix(root.size());
  if ((!path.empty() && path[0] != '/') || path == "/.." || path.starts_with("/../")) {
    return std::nullopt;
  }
  return path == "/" ? std::string_view() : path;
}

/// Whether the mount shows the hierarchy of a line of /proc/PID/cgroup. A v1 hierarchy has one
/// mount option for each of its controllers, among others.
bool ShowsHierarchy(const CgroupMount& mount, std::string_view controllers) {
  if (controllers.empty() || mount.v2) {
    return controllers.empty() && mount.v2;
  }
  return HasController(mount.options, controllers.substr(0, controllers.find(',')));
}

}  // namespace

std::vector<CgroupMount> ParseCgroupMounts(std::string_view mountinfo) {
  std::vector<CgroupMount> mounts;
  for (const auto line : SplitLines(mountinfo)) {
    if (auto mount = ParseMount(line)) {
      mounts.push_back(std::move(*mount));
    }
  }
  return mounts;
}

protocol::Result<std::vector<CgroupMount>> ReadCgroupMounts(const std::string& process) {
  constexpr std::size_t kMaxMountinfo = 4U << 20U;  // Mounts can be thousands on a node.
  const auto mountinfo = ReadFile(process + "/mountinfo", kMaxMountinfo);
  if (!mountinfo) {
    return mountinfo.error();
  }
  return ParseCgroupMounts(*mountinfo);
}

std::vector<std::string> CgroupFolders(const std::vector<CgroupMount>& mounts,
                                       const CgroupLine& cgroup) {
  std::vector<std::string> folders;
  for (const auto& mount : mounts) {
    const auto relative = ShowsHierarchy(mount, cgroup.controllers)
                              ? RelativeTo(cgroup.path, mount.root)
                              : std::nullopt;
    if (relative) {
      folders.push_back(mount.mount_point + std::string(*relative));
    }
  }
  return folders;
}

}  // namespace netcheck::probe
