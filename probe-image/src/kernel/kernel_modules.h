#pragma once

#include <string>
#include <string_view>

// Which modules of the kernel are there already. Some netlink queries make the kernel load a
// missing one, and netcheck changes nothing on a node, so it asks here first.
namespace netcheck::probe {

/// Whether /proc/modules (kernel/module/procfs.c) lists `name` in state Live.
bool ListsLoadedModule(std::string_view proc_modules, std::string_view name);
/// Whether modules.builtin of kbuild ("kernel/net/ipv4/tcp_diag.ko", a line each) lists `name`.
bool ListsBuiltinModule(std::string_view modules_builtin, std::string_view name);

/// True when asking for what `name` provides cannot load anything:
/// - it is in /proc/modules, or
/// - there is no /proc/modules: a kernel without CONFIG_MODULES can load none, or
/// - it is built in: listed by /lib/modules/RELEASE/modules.builtin of the node, which is seen
///   through /proc/1/root because the probe's image is empty.
/// False when none of this can be shown.
bool ModuleIsPresent(std::string_view name, const std::string& proc_root);

}  // namespace netcheck::probe
