#include "container/container_cgroup.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "sys/file_reader.h"
#include "sys/system_error.h"
#include "target/cgroup_mount.h"

namespace netcheck::probe {
namespace {

using protocol::Error;
using protocol::Result;

/// The mounts that a process sees, and where its root is seen from here.
struct View {
  std::vector<CgroupMount> mounts;
  std::string root;
};

/// PID 1 sees all hierarchies of the node; where it can't be looked at, this process may.
Result<std::vector<View>> Views(const std::string& proc_root) {
  std::vector<View> views;
  Error error;
  for (const char* viewer : {"1", "self"}) {
    const std::string process = proc_root + "/" + viewer;
    auto mounts = ReadCgroupMounts(process);
    if (mounts) {
      views.push_back({std::move(*mounts), process + "/root"});
    } else if (error.message.empty()) {
      error = mounts.error();
    }
  }
  return views.empty() ? Result<std::vector<View>>(error) : views;
}

Result<UniqueFd> OpenProcs(const std::vector<View>& views, const CgroupLine& cgroup) {
  Error error{"cgroup " + std::string(cgroup.path) + ": no mount of PID 1 shows it", 0};
  for (const View& view : views) {
    for (const std::string& folder : CgroupFolders(view.mounts, cgroup)) {
      const std::string path = view.root + folder + "/cgroup.procs";
      UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
      if (fd.valid()) {
        return fd;
      }
      error = SystemError(path, errno);
    }
  }
  return error;
}

/// Whether /proc/PID/cgroup, of which this is the text, has that line.
bool IsIn(std::string_view text, const CgroupLine& cgroup) {
  const auto lines = ParseCgroupFile(text);
  return std::any_of(lines.begin(), lines.end(), [&](const CgroupLine& line) {
    return line.controllers == cgroup.controllers && line.path == cgroup.path;
  });
}

}  // namespace

Result<std::vector<UniqueFd>> OpenCgroupsOf(std::int64_t pid, const std::string& proc_root) {
  const auto cgroups = ReadFile(proc_root + "/" + std::to_string(pid) + "/cgroup");
  if (!cgroups) {
    return cgroups.error();
  }
  const auto views = Views(proc_root);
  if (!views) {
    return views.error();
  }
  const auto own = ReadFile(proc_root + "/self/cgroup");
  std::vector<UniqueFd> files;
  for (const CgroupLine& cgroup : ParseCgroupFile(*cgroups)) {
    if (own && IsIn(*own, cgroup)) {
      continue;
    }
    auto file = OpenProcs(*views, cgroup);
    if (!file) {
      return file.error();
    }
    files.push_back(std::move(*file));
  }
  return files;
}

}  // namespace netcheck::probe
