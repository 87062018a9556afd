#include "target/cgroup_path.h"

#include <algorithm>
#include <optional>

#include "kernel/procfs_text.h"

namespace netcheck::probe {
namespace {

constexpr std::size_t kContainerIdLength = 64;
constexpr std::string_view kPod = "pod";
constexpr std::string_view kSlice = ".slice";
constexpr std::string_view kScope = ".scope";
constexpr std::string_view kDeleted = " (deleted)";

/// The systemd driver writes '-' inside a component as '_'.
char SameSpelling(char c) {
  return c == '_' ? '-' : c;
}

bool StartsWithUid(std::string_view text, std::string_view uid) {
  return text.size() >= uid.size() &&
         std::equal(uid.begin(), uid.end(), text.begin(), [](char a, char b) {
           return SameSpelling(a) == SameSpelling(b);
         });
}

bool IsAnyOf(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

/// Whether a component's name can end before `rest`.
bool EndsHere(std::string_view rest, std::string_view suffix) {
  if (rest.starts_with(suffix)) {
    rest.remove_prefix(suffix.size());
    return rest.empty() || IsAnyOf(rest[0], "/:");
  }
  return rest.empty() || rest[0] == '/';
}

/// What follows the UID of the pod's component; nullopt when the pod isn't there.
std::optional<std::string_view> AfterPod(std::string_view path, std::string_view uid) {
  if (uid.empty()) {
    return std::nullopt;
  }
  for (auto at = path.find(kPod); at != std::string_view::npos; at = path.find(kPod, at + 1)) {
    const auto rest = path.substr(at + kPod.size());
    if ((at == 0 || IsAnyOf(path[at - 1], "/-")) && StartsWithUid(rest, uid) &&
        EndsHere(rest.substr(uid.size()), kSlice)) {
      return rest.substr(uid.size());
    }
  }
  return std::nullopt;
}

/// Whether the component that ends before `at` is the prefix of a monitor's cgroup.
bool IsMonitor(std::string_view path, std::size_t at) {
  return path.substr(0, at).ends_with("conmon-");
}

bool IsContainerAt(std::string_view path, std::size_t at, std::size_t length) {
  return (at == 0 || IsAnyOf(path[at - 1], "/:-")) && !IsMonitor(path, at) &&
         EndsHere(path.substr(at + length), kScope);
}

bool IsHexDigit(char c) {
  return IsAnyOf(c, "0123456789abcdef");
}

/// The UID at the start of `text`, in the form of metadata.uid or config.hash; "" if there is none.
std::string UidAtStartOf(std::string_view text) {
  constexpr std::string_view kUuid = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  constexpr std::string_view kHash = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
  for (const auto form : {kUuid, kHash}) {
    const bool has_form =
        text.size() >= form.size() &&
        std::equal(form.begin(), form.end(), text.begin(), [](char wanted, char c) {
          return wanted == 'x' ? IsHexDigit(c) : SameSpelling(c) == wanted;
        });
    if (has_form) {
      std::string uid(text.substr(0, form.size()));
      std::transform(uid.begin(), uid.end(), uid.begin(), SameSpelling);
      return uid;
    }
  }
  return {};
}

}  // namespace

std::vector<CgroupLine> ParseCgroupFile(std::string_view text) {
  std::vector<CgroupLine> lines;
  for (const auto line : SplitLines(text)) {
    const auto first = line.find(':');
    const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos || line.ends_with(kDeleted)) {
      continue;
    }
    const auto path = line.substr(second + 1);
    if (path.starts_with('/')) {
      lines.push_back({line.substr(first + 1, second - first - 1), path});
    }
  }
  return lines;
}

bool HasController(std::string_view controllers, std::string_view name) {
  while (!controllers.empty()) {
    const auto comma = controllers.find(',');
    if (controllers.substr(0, comma) == name) {
      return true;
    }
    controllers.remove_prefix(comma == std::string_view::npos ? controllers.size() : comma + 1);
  }
  return false;
}

bool IsInPod(std::string_view path, std::string_view pod_uid) {
  return AfterPod(path, pod_uid).has_value();
}

std::string PodIn(std::string_view path) {
  for (auto at = path.find(kPod); at != std::string_view::npos; at = path.find(kPod, at + 1)) {
    auto uid = UidAtStartOf(path.substr(at + kPod.size()));
    if (!ContainerBelowPod(path, uid).empty()) {
      return uid;
    }
  }
  return {};
}

bool IsInContainer(std::string_view path, std::string_view container_id) {
  return !ContainerCgroup(path, container_id).empty();
}

std::string_view ContainerCgroup(std::string_view path, std::string_view container_id) {
  if (container_id.empty()) {
    return {};
  }
  for (auto at = path.find(container_id); at != std::string_view::npos;
       at = path.find(container_id, at + 1)) {
    if (IsContainerAt(path, at, container_id.size())) {
      return path.substr(0, path.find('/', at));
    }
  }
  return {};
}

std::string_view ContainerIn(std::string_view path) {
  std::size_t run = 0;
  for (std::size_t i = 0; i < path.size(); ++i) {
    run = IsHexDigit(path[i]) ? run + 1 : 0;
    const bool run_ends = i + 1 == path.size() || !IsHexDigit(path[i + 1]);
    const std::size_t start = i + 1 - run;
    if (run == kContainerIdLength && run_ends && IsContainerAt(path, start, run)) {
      return path.substr(start, run);
    }
  }
  return {};
}

std::string_view ContainerBelowPod(std::string_view path, std::string_view pod_uid) {
  return ContainerIn(AfterPod(path, pod_uid).value_or(std::string_view()));
}

std::string_view StripRuntime(std::string_view container_id) {
  const auto scheme = container_id.find("://");
  return scheme == std::string_view::npos ? container_id : container_id.substr(scheme + 3);
}

}  // namespace netcheck::probe
