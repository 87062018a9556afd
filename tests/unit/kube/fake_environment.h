#pragma once

#include <cerrno>
#include <map>
#include <string>

#include "kube/kubeconfig.h"

namespace netcheck::kube {

/// Variables and files that a test sets; nothing of the machine is seen.
struct FakeEnvironment {
  std::map<std::string, std::string> variables;
  std::map<std::string, std::string> files;

  /// Refers to this object.
  [[nodiscard]] Environment Get() const {
    return {
        [this](const std::string& name) {
          const auto found = variables.find(name);
          return found == variables.end() ? std::nullopt : std::optional(found->second);
        },
        [this](const std::string& path) -> protocol::Result<std::string> {
          const auto found = files.find(path);
          if (found == files.end()) {
            return protocol::Error{"cannot read " + path + ": No such file or directory", ENOENT};
          }
          return found->second;
        },
        "/home/ann",
        ':'};
  }
};

}  // namespace netcheck::kube
