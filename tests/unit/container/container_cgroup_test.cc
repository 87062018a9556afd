#include "container/container_cgroup.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

#include "unit/kernel/proc_tree.h"

using netcheck::probe::OpenCgroupsOf;
using netcheck::test::ProcTree;

namespace {

constexpr const char* kMounts =
    "25 1 0:22 / /cg rw - tmpfs tmpfs rw\n"
    "26 25 0:23 / /cg/memory rw - cgroup cgroup rw,memory\n"
    "27 25 0:24 / /cg/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "28 25 0:25 / /cg/systemd rw - cgroup cgroup rw,xattr,name=systemd\n";

std::string Text(const ProcTree& proc, const std::string& path) {
  std::ifstream file(proc.root() + "/" + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("container cgroup: every hierarchy, through the mounts of PID 1") {
  const ProcTree proc;
  proc.Write("1/mountinfo", kMounts);
  proc.Write("100/cgroup", "4:memory:/a\n3:cpu,cpuacct:/b\n1:name=systemd:/c\n0::/\n");
  proc.Write("self/cgroup", "4:memory:/x\n3:cpu,cpuacct:/\n1:name=systemd:/\n0::/\n");
  for (const char* folder : {"memory/a", "cpu,cpuacct/b", "systemd/c"}) {
    proc.Write(std::string("1/root/cg/") + folder + "/cgroup.procs", "");
  }
  const auto files = OpenCgroupsOf(100, proc.root());
  REQUIRE(files);
  REQUIRE(files->size() == 3);
  for (const auto& file : *files) {
    CHECK(write(file.get(), "0", 1) == 1);
  }
  for (const char* folder : {"memory/a", "cpu,cpuacct/b", "systemd/c"}) {
    CHECK(Text(proc, std::string("1/root/cg/") + folder + "/cgroup.procs") == "0");
  }
}

TEST_CASE("container cgroup: v2 alone") {
  const ProcTree proc;
  proc.Write("1/mountinfo", "26 25 0:23 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  proc.Write("100/cgroup", "0::/kubepods.slice/x.scope\n");
  proc.Write("1/root/sys/fs/cgroup/kubepods.slice/x.scope/cgroup.procs", "");
  const auto files = OpenCgroupsOf(100, proc.root());
  REQUIRE(files);
  CHECK(files->size() == 1);
}

TEST_CASE("container cgroup: one that can't be joined fails all") {
  const ProcTree proc;
  proc.Write("1/mountinfo", kMounts);
  proc.Write("100/cgroup", "4:memory:/a\n3:cpu,cpuacct:/b\n");
  proc.Write("1/root/cg/memory/a/cgroup.procs", "");
  const auto files = OpenCgroupsOf(100, proc.root());
  REQUIRE_FALSE(files);
  CHECK(files.error().message.find("/cg/cpu,cpuacct/b/cgroup.procs") != std::string::npos);
  proc.Write("100/cgroup", "4:memory:/../a\n");
  CHECK_FALSE(OpenCgroupsOf(100, proc.root()));
  CHECK_FALSE(OpenCgroupsOf(101, proc.root()));
}
