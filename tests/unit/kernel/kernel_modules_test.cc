#include "kernel/kernel_modules.h"

#include <doctest/doctest.h>

#include "unit/kernel/proc_tree.h"

using netcheck::probe::ListsBuiltinModule;
using netcheck::probe::ListsLoadedModule;
using netcheck::probe::ModuleIsPresent;
using netcheck::test::ProcTree;

namespace {

constexpr const char* kModules =
    "tcp_diag 16384 0 - Live 0x0000000000000000\n"
    "inet_diag 24576 1 tcp_diag, Loading 0x0000000000000000\n";

}  // namespace

TEST_CASE("modules: /proc/modules names the ones that are live") {
  CHECK(ListsLoadedModule(kModules, "tcp_diag"));
  CHECK_FALSE(ListsLoadedModule(kModules, "inet_diag"));
  CHECK_FALSE(ListsLoadedModule(kModules, "tcp"));
  CHECK_FALSE(ListsLoadedModule("tcp_diag 16384\n", "tcp_diag"));
  CHECK_FALSE(ListsLoadedModule("", "tcp_diag"));
}

TEST_CASE("modules: modules.builtin names files") {
  const char* builtin = "kernel/net/ipv4/tcp_diag.ko\nkernel/net/netfilter/nf-conntrack.ko";
  CHECK(ListsBuiltinModule(builtin, "tcp_diag"));
  CHECK(ListsBuiltinModule(builtin, "nf_conntrack"));
  CHECK_FALSE(ListsBuiltinModule(builtin, "diag"));
  CHECK_FALSE(ListsBuiltinModule("kernel/tcp_diag", "tcp_diag"));
}

TEST_CASE("modules: a kernel without loadable modules has all that it will ever have") {
  const ProcTree proc;
  CHECK(ModuleIsPresent("tcp_diag", proc.root()));
}

TEST_CASE("modules: unknown is absent") {
  const ProcTree proc;
  proc.Write("modules", kModules);
  CHECK(ModuleIsPresent("tcp_diag", proc.root()));
  CHECK_FALSE(ModuleIsPresent("nfnetlink", proc.root()));
  proc.Write("sys/kernel/osrelease", "6.1.0-13-amd64\n");
  CHECK_FALSE(ModuleIsPresent("nfnetlink", proc.root()));
}

TEST_CASE("modules: the node's list of built-in ones, in both places") {
  for (const char* folder : {"lib", "usr/lib"}) {
    const ProcTree proc;
    proc.Write("modules", kModules);
    proc.Write("sys/kernel/osrelease", "6.1.0-13-amd64\n");
    proc.Write(std::string("1/root/") + folder + "/modules/6.1.0-13-amd64/modules.builtin",
               "kernel/net/netfilter/nfnetlink.ko\n");
    CHECK(ModuleIsPresent("nfnetlink", proc.root()));
    CHECK_FALSE(ModuleIsPresent("nf_conntrack_netlink", proc.root()));
  }
}
