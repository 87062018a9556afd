#include <doctest/doctest.h>

#include "target/cpu_stat.h"
#include "target/find_target.h"
#include "unit/kernel/fact_lists.h"
#include "unit/kernel/proc_tree.h"
#include "unit/target/cgroup_shapes.h"

using netcheck::probe::CpuStatPaths;
using netcheck::probe::ParseCgroupMounts;
using netcheck::probe::ParseCpuStat;
using netcheck::probe::ReadCpuThrottling;
using netcheck::protocol::CpuThrottling;
using netcheck::protocol::Moment;
using netcheck::protocol::TargetState;
using netcheck::test::FactsOf;
using netcheck::test::FindUnavailable;
using netcheck::test::kAppId;
using netcheck::test::ProcTree;
using netcheck::test::V1;
using netcheck::test::V2;

namespace {

constexpr const char* kV1Stat = "nr_periods 100\nnr_throttled 7\nthrottled_time 2500000\n";
constexpr const char* kV2Stat =
    "usage_usec 9\nuser_usec 5\nsystem_usec 4\nnr_periods 50\nnr_throttled 3\nthrottled_usec 800\n";
constexpr const char* kV1Mounts =
    "25 1 0:22 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n"
    "26 25 0:23 / /sys/fs/cgroup/cpuset rw shared:9 - cgroup cgroup rw,cpuset\n"
    "27 25 0:24 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 master:3 - cgroup cgroup rw,cpu,cpuacct\n"
    "28 25 0:25 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
constexpr const char* kV2Mounts = "26 25 0:23 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n";

TargetState Running() {
  TargetState state;
  state.containers = {{"app", "containerd://" + kAppId, true, 100, 1}, {"down", "x", false, 0, 0}};
  return state;
}

}  // namespace

TEST_CASE("cpu.stat: v1 in nanoseconds, v2 in microseconds") {
  const auto v1 = ParseCpuStat(kV1Stat);
  REQUIRE(v1);
  CHECK(v1->periods == 100);
  CHECK(v1->throttled_periods == 7);
  CHECK(v1->throttled_us == 2500);
  const auto v2 = ParseCpuStat(kV2Stat);
  REQUIRE(v2);
  CHECK(v2->periods == 50);
  CHECK(v2->throttled_us == 800);
}

TEST_CASE("cpu.stat: without bandwidth statistics, or malformed") {
  CHECK_FALSE(ParseCpuStat("usage_usec 9\nuser_usec 5\nsystem_usec 4\n"));
  CHECK_FALSE(ParseCpuStat("nr_periods 1\nnr_throttled 1\n"));
  CHECK_FALSE(ParseCpuStat("nr_periods x\nnr_throttled 1\nthrottled_usec 1\n"));
  CHECK_FALSE(ParseCpuStat(""));
}

TEST_CASE("cgroup mounts: of both versions") {
  const auto mounts = ParseCgroupMounts(kV1Mounts);
  REQUIRE(mounts.size() == 3);
  CHECK_FALSE(mounts[1].v2);
  CHECK(mounts[1].mount_point == "/sys/fs/cgroup/cpu,cpuacct");
  CHECK(mounts[2].v2);
  CHECK(ParseCgroupMounts("1 1 0:1 / /a\\040b rw - cgroup2 x rw").at(0).mount_point == "/a b");
  CHECK(ParseCgroupMounts("1 1 0:1 / /a\\04 rw - cgroup2 x rw").at(0).mount_point == "/a\\04");
  CHECK(ParseCgroupMounts("\n1 1\n1 1 0:1 / /a rw -\n1 1 0:1 / /a rw - cgroup2 x\n").empty());
}

TEST_CASE("cgroup mounts: paths below the root of a mount, and not outside") {
  const auto path = [](const std::string& root, const std::string& cgroup) {
    const auto paths = CpuStatPaths({{true, "rw", root, "/m"}}, true, cgroup);
    return paths.empty() ? std::string() : paths[0];
  };
  CHECK(path("/", "/a/b") == "/m/a/b/cpu.stat");
  CHECK(path("/", "/") == "/m/cpu.stat");
  CHECK(path("/a", "/a/b") == "/m/b/cpu.stat");
  CHECK(path("/a", "/a") == "/m/cpu.stat");
  CHECK(path("/../..", "/../../b") == "/m/b/cpu.stat");
  CHECK(path("/a", "/ab").empty());
  CHECK(path("/", "/../b").empty());
  CHECK(path("/..", "/../../b").empty());
  CHECK(path("/../..", "/../b").empty());
  CHECK(CpuStatPaths({{true, "rw", "/", "/m"}}, false, "/a").empty());
}

TEST_CASE("throttling: cgroup v1 through PID 1's mounts") {
  const ProcTree proc;
  const std::string cgroup = "/kubepods/podx/" + kAppId;
  proc.Write("1/mountinfo", kV1Mounts);
  proc.Write("100/cgroup", V1(cgroup) + V2("/"));
  proc.Write("self/cgroup", V1("/kubepods/pody/z"));
  proc.Write("1/root/sys/fs/cgroup/cpu,cpuacct" + cgroup + "/cpu.stat", kV1Stat);
  proc.Write("1/root/sys/fs/cgroup/cpu,cpuacct/kubepods/pody/z/cpu.stat",
             "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n");
  const auto stats =
      FactsOf<CpuThrottling>(ReadCpuThrottling(Running(), Moment::kAfter, proc.root()));
  REQUIRE(stats.size() == 2);
  CHECK(stats[0].subject == "probe");
  CHECK(stats[0].moment == Moment::kAfter);
  CHECK(stats[0].periods == 0);
  CHECK(stats[1].subject == "app");
  CHECK(stats[1].throttled_periods == 7);
  CHECK(stats[1].throttled_us == 2500);
}

TEST_CASE("throttling: the container's own cgroup, not the one its init system made below") {
  const ProcTree proc;
  const std::string cgroup = "/kubepods.slice/cri-containerd-" + kAppId + ".scope";
  proc.Write("1/mountinfo", kV2Mounts);
  proc.Write("100/cgroup", V2(cgroup + "/init.scope"));
  proc.Write("1/root/sys/fs/cgroup" + cgroup + "/cpu.stat", kV2Stat);
  proc.Write("1/root/sys/fs/cgroup" + cgroup + "/init.scope/cpu.stat", "usage_usec 1\n");
  const auto stats =
      FactsOf<CpuThrottling>(ReadCpuThrottling(Running(), Moment::kAfter, proc.root()));
  REQUIRE(stats.size() == 1);
  CHECK(stats[0].periods == 50);
}

TEST_CASE("throttling: in a private cgroup namespace through each one's own mounts") {
  const ProcTree proc;
  const std::string app = "/../../kubepods-podx.slice/cri-containerd-" + kAppId + ".scope";
  proc.Write("1/mountinfo", "26 25 0:23 /../../../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  proc.Write("100/cgroup", V2(app));
  proc.Write("100/mountinfo", "26 25 0:23 " + app + " /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
  proc.Write("100/root/sys/fs/cgroup/cpu.stat", kV2Stat);
  proc.Write("self/cgroup", V2("/"));
  proc.Write("self/mountinfo", kV2Mounts);
  proc.Write("self/root/sys/fs/cgroup/cpu.stat",
             "nr_periods 1\nnr_throttled 1\nthrottled_usec 1\n");
  const auto stats =
      FactsOf<CpuThrottling>(ReadCpuThrottling(Running(), Moment::kAfter, proc.root()));
  REQUIRE(stats.size() == 2);
  CHECK(stats[0].throttled_us == 1);
  CHECK(stats[1].throttled_us == 800);
}

TEST_CASE("throttling: what can't be read is said") {
  const ProcTree proc;
  proc.Write("1/mountinfo", kV2Mounts);
  proc.Write("100/cgroup", V2("/../x"));
  const auto facts = ReadCpuThrottling(Running(), Moment::kAfter, proc.root());
  CHECK(FactsOf<CpuThrottling>(facts).empty());
  CHECK(FindUnavailable(facts, "cpu.stat probe"));
  CHECK(FindUnavailable(facts, "cpu.stat app")->reason ==
        "no mounted cgroup hierarchy shows its cgroup");
  CHECK_FALSE(FindUnavailable(facts, "cpu.stat down"));  // There is no cgroup to look at.
}
