#include "kernel/kernel_modules.h"

#include <algorithm>
#include <cerrno>

#include "kernel/procfs_text.h"
#include "sys/file_reader.h"

namespace netcheck::probe {
namespace {

/// File names have '-' where the module's own name has '_'.
std::string ModuleName(std::string_view text) {
  std::string name(text);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

bool IsBuiltin(std::string_view name, const std::string& proc_root) {
  const auto release = ReadFile(proc_root + "/sys/kernel/osrelease");
  if (!release) {
    return false;
  }
  std::string modules = "/lib/modules/";
  modules.append(Trim(*release)).append("/modules.builtin");
  const std::string node_root = proc_root + "/1/root";
  // /lib is an absolute link to /usr/lib on some nodes, and would lead out of /proc/1/root.
  for (std::string root : {node_root, node_root + "/usr"}) {
    if (const auto text = ReadFile(root.append(modules))) {
      return ListsBuiltinModule(*text, name);
    }
  }
  return false;
}

}  // namespace

bool ListsLoadedModule(std::string_view proc_modules, std::string_view name) {
  // Name size users dependents state address
  constexpr std::size_t kStateColumn = 4;
  for (const auto line : SplitLines(proc_modules)) {
    const auto words = SplitWords(line);
    if (words.size() > kStateColumn && words[0] == name) {
      return words[kStateColumn] == "Live";
    }
  }
  return false;
}

bool ListsBuiltinModule(std::string_view modules_builtin, std::string_view name) {
  constexpr std::string_view kSuffix = ".ko";
  for (const auto line : SplitLines(modules_builtin)) {
    const auto file = line.substr(line.rfind('/') + 1);
    if (file.ends_with(kSuffix) &&
        ModuleName(file.substr(0, file.size() - kSuffix.size())) == ModuleName(name)) {
      return true;
    }
  }
  return false;
}

bool ModuleIsPresent(std::string_view name, const std::string& proc_root) {
  const auto loaded = ReadFile(proc_root + "/modules");
  if (!loaded) {
    return loaded.error().error_number == ENOENT;
  }
  return ListsLoadedModule(*loaded, name) || IsBuiltin(name, proc_root);
}

}  // namespace netcheck::probe
