#include "target/cpu_stat.h"

#include <algorithm>
#include <map>
#include <optional>

#include "kernel/procfs_text.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Result;

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
  const bool v1 = dash[1] == "cgroup" && HasController(dash[3], "cpu");
  if (!v1 && !v2) {
    return std::nullopt;
  }
  return CgroupMount{v2, Unescape(words[kRoot]), Unescape(words[kMountPoint])};
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

}  // namespace

Result<CpuStat> ParseCpuStat(std::string_view text) {
  std::map<std::string_view, std::int64_t> values;
  for (const auto line : SplitLines(text)) {
    const auto words = SplitWords(line);
    const auto value = words.size() == 2 ? ParseDecimal(words[1]) : std::nullopt;
    if (value) {
      values[words[0]] = *value;
    }
  }
  const bool v1 = values.contains("throttled_time");
  if (!values.contains("nr_periods") || !values.contains("nr_throttled") ||
      !(v1 || values.contains("throttled_usec"))) {
    return Error{"no bandwidth statistics in cpu.stat", 0};
  }
  constexpr std::int64_t kNanosecondsInMicrosecond = 1000;
  return CpuStat{
      values["nr_periods"],
      values["nr_throttled"],
      v1 ? values["throttled_time"] / kNanosecondsInMicrosecond : values["throttled_usec"]};
}

std::vector<CgroupMount> ParseCgroupMounts(std::string_view mountinfo) {
  std::vector<CgroupMount> mounts;
  for (const auto line : SplitLines(mountinfo)) {
    if (auto mount = ParseMount(line)) {
      mounts.push_back(std::move(*mount));
    }
  }
  return mounts;
}

std::vector<std::string> CpuStatPaths(const std::vector<CgroupMount>& mounts,
                                      bool v2,
                                      std::string_view path) {
  std::vector<std::string> paths;
  for (const auto& mount : mounts) {
    const auto relative = mount.v2 == v2 ? RelativeTo(path, mount.root) : std::nullopt;
    if (relative) {
      paths.push_back(mount.mount_point + std::string(*relative) + "/cpu.stat");
    }
  }
  return paths;
}

}  // namespace netcheck::probe
