#include "kube/kubeconfig_load.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace netcheck::kube {
namespace {

std::vector<std::string> SplitList(const std::string& list, char separator) {
  std::vector<std::string> paths;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(separator, begin), list.size());
    const std::string path = list.substr(begin, end - begin);
    if (!path.empty() && std::find(paths.begin(), paths.end(), path) == paths.end()) {
      paths.push_back(path);
    }
    begin = end + 1;
  }
  return paths;
}

std::vector<std::string> Candidates(const std::string& explicit_path,
                                    const Environment& environment) {
  if (!explicit_path.empty()) {
    return {explicit_path};
  }
  const std::string list = environment.variable("KUBECONFIG").value_or("");
  if (!list.empty()) {
    return SplitList(list, environment.list_separator);
  }
  if (!environment.home_folder) {
    return {};
  }
  return {(std::filesystem::path(*environment.home_folder) / ".kube" / "config").string()};
}

}  // namespace

protocol::Result<LoadedKubeconfig> LoadKubeconfig(const std::string& explicit_path,
                                                  const Environment& environment) {
  LoadedKubeconfig loaded;
  for (const std::string& path : Candidates(explicit_path, environment)) {
    const auto text = environment.read_file(path);
    if (!text) {
      if (text.error().error_number != ENOENT || !explicit_path.empty()) {
        return protocol::Error{"the kubeconfig can't be used: " + text.error().message,
                               text.error().error_number};
      }
      loaded.missing.push_back(path);
      continue;
    }
    const auto parsed = ParseKubeconfig(*text, path);
    if (!parsed) {
      return protocol::Error{"the kubeconfig can't be used: " + parsed.error().message};
    }
    MergeKubeconfig(loaded.merged, *parsed);
    loaded.read.push_back(path);
  }
  return loaded;
}

}  // namespace netcheck::kube
