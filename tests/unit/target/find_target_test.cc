#include "target/find_target.h"

#include <doctest/doctest.h>

#include "sys/netns.h"
#include "unit/target/cgroup_shapes.h"
#include "unit/target/process_tree.h"

using netcheck::probe::FindTarget;
using netcheck::probe::FoundTarget;
using netcheck::probe::NetnsInode;
using netcheck::probe::OpenNetnsFile;
using netcheck::protocol::Moment;
using netcheck::protocol::Target;
using netcheck::test::CgroupShape;
using netcheck::test::CgroupShapes;
using netcheck::test::Expand;
using netcheck::test::kAppId;
using netcheck::test::kOtherId;
using netcheck::test::kPauseId;
using netcheck::test::kUid;
using netcheck::test::ProcessTree;
using netcheck::test::V2;

namespace {

constexpr const char* kPodIp = "10.244.1.7";
const std::string kHost = V2("/system.slice/containerd.service");

Target PodTarget(const std::string& uid = kUid) {
  Target target;
  target.pod_uid = uid;
  target.containers = {{"app", "containerd://" + kAppId}};
  target.pod_ips = {kPodIp};
  return target;
}

std::string AppCgroup() {
  return V2("/kubepods/pod" + kUid + "/" + kAppId);
}

std::string PauseCgroup() {
  return V2("/kubepods/pod" + kUid + "/" + kPauseId);
}

FoundTarget Find(const ProcessTree& proc, const Target& target) {
  return FindTarget(target, Moment::kBefore, proc.root());
}

std::uint64_t InodeOf(const ProcessTree& proc, const std::string& name) {
  const auto file = OpenNetnsFile(proc.root() + "/netns/" + name);
  REQUIRE(file);
  return NetnsInode(file->get()).value();
}

/// The processes that any node has, and the pod next to the wanted one.
void AddNeighbours(ProcessTree& proc, const CgroupShape& shape) {
  std::string other_uid = shape.pod_uid;
  other_uid.back() = other_uid.back() == '1' ? '2' : '1';
  auto neighbour = shape.sandbox.empty() ? V2("/kubepods/pod{POD}/{OTHER}") : shape.sandbox;
  const auto at = neighbour.find("{PAUSE}");
  if (at != std::string::npos) {
    neighbour.replace(at, 7, "{OTHER}");
  }
  proc.Add({1, 1, V2("/init.scope"), "node", "192.0.2.1"});
  proc.Add({50, 50, kHost, "node", "192.0.2.1"});
  proc.Add(
      {60, 60, Expand(neighbour.substr(0, neighbour.find('\n') + 1), other_uid), "other", kPodIp});
}

}  // namespace

TEST_CASE("find target: every driver and runtime, by the container") {
  for (const auto& shape : CgroupShapes()) {
    CAPTURE(shape.name);
    ProcessTree proc;
    AddNeighbours(proc, shape);
    if (!shape.monitor.empty()) {
      proc.Add({90, 90, Expand(shape.monitor, shape.pod_uid), "node", "192.0.2.1"});
    }
    proc.Add({100, 100, Expand(shape.app, shape.pod_uid), "pod", kPodIp});
    const auto found = Find(proc, PodTarget(shape.pod_uid));
    CHECK(found.state.found);
    CHECK(found.state.reason == "");
    CHECK(found.state.moment == Moment::kBefore);
    REQUIRE(found.state.containers.size() == 1);
    CHECK(found.state.containers[0].name == "app");
    CHECK(found.state.containers[0].running);
    CHECK(found.state.containers[0].pid == 100);
    CHECK(found.state.containers[0].start_ticks == 100);
    CHECK(found.state.pod_netns == InodeOf(proc, "pod"));
    CHECK(found.state.node_netns == InodeOf(proc, "node"));
    REQUIRE(found.pod_netns.valid());
    CHECK(NetnsInode(found.pod_netns.get()).value() == found.state.pod_netns);
  }
}

TEST_CASE("find target: every driver and runtime, by the sandbox while the container is down") {
  for (const auto& shape : CgroupShapes()) {
    CAPTURE(shape.name);
    ProcessTree proc;
    AddNeighbours(proc, shape);
    if (!shape.monitor.empty()) {
      proc.Add({90, 90, Expand(shape.monitor, shape.pod_uid), "node", "192.0.2.1"});
    }
    if (!shape.sandbox.empty()) {
      proc.Add({95, 95, Expand(shape.sandbox, shape.pod_uid), "pod", kPodIp});
    }
    const auto found = Find(proc, PodTarget(shape.pod_uid));
    CHECK(found.state.found == !shape.sandbox.empty());
    CHECK(found.pod_netns.valid() == !shape.sandbox.empty());
    REQUIRE(found.state.containers.size() == 1);
    CHECK_FALSE(found.state.containers[0].running);
    CHECK(found.state.containers[0].pid == 0);
  }
}

TEST_CASE("find target: of several processes the oldest, zombies and deleted cgroups never") {
  ProcessTree proc;
  proc.Add({90, 10, AppCgroup(), "pod", kPodIp, 'Z'});
  proc.Add({91, 11, V2("/kubepods/pod" + kUid + "/" + kAppId + " (deleted)"), "pod", kPodIp});
  proc.Add({300, 20, AppCgroup(), "pod", kPodIp});
  proc.Add({200, 30, AppCgroup(), "inner", ""});  // Numbers wrap: lower, but younger.
  proc.Add({400, 40, AppCgroup(), "inner", ""});
  const auto found = Find(proc, PodTarget());
  CHECK(found.state.containers.at(0).pid == 300);
  CHECK(found.state.pod_netns == InodeOf(proc, "pod"));
}

TEST_CASE("find target: each container for itself, init systems' own containers are not theirs") {
  ProcessTree proc;
  proc.Add({100, 100, AppCgroup(), "pod", kPodIp});
  // A container engine inside the app: its containers are part of the app.
  proc.Add({110, 110, V2("/kubepods/pod" + kUid + "/" + kAppId + "/docker/" + kOtherId), "x", ""});
  auto target = PodTarget();
  target.containers.push_back({"sidecar", "containerd://" + kOtherId.substr(1) + "d"});
  target.containers.push_back({"not-started", ""});
  const auto found = Find(proc, target);
  REQUIRE(found.state.containers.size() == 3);
  CHECK(found.state.containers[0].pid == 100);
  CHECK_FALSE(found.state.containers[1].running);
  CHECK_FALSE(found.state.containers[2].running);
  CHECK(found.state.pod_netns == InodeOf(proc, "pod"));
}

TEST_CASE("find target: a namespace with the pod's address is preferred") {
  ProcessTree proc;
  auto target = PodTarget();
  target.containers.push_back({"old", kOtherId});
  proc.Add({95, 95, PauseCgroup(), "new", kPodIp});
  proc.Add({100, 100, AppCgroup(), "stale", "10.244.1.3"});
  const auto found = Find(proc, target);
  CHECK(found.state.found);
  CHECK(found.state.reason == "");
  CHECK(found.state.pod_netns == InodeOf(proc, "new"));
}

TEST_CASE("find target: an address that doesn't match is said") {
  ProcessTree proc;
  proc.Add({100, 100, AppCgroup(), "pod", "10.244.1.3"});
  const auto found = Find(proc, PodTarget());
  CHECK(found.state.found);
  CHECK(found.pod_netns.valid());
  CHECK(found.state.reason ==
        "the network namespace of process 100 has none of the pod's addresses 10.244.1.7");
}

TEST_CASE("find target: hostNetwork") {
  ProcessTree proc;
  auto target = PodTarget();
  target.host_network = true;
  SUBCASE("with a running container") {
    proc.Add({100, 100, AppCgroup(), "node", "192.0.2.1"});
    const auto found = Find(proc, target);
    CHECK(found.state.containers.at(0).running);
    CHECK(found.state.found);
    CHECK(found.state.reason == "");
    CHECK(found.state.pod_netns == found.state.node_netns);
    CHECK_FALSE(found.pod_netns.valid());
  }
  SUBCASE("without any process") {
    const auto found = Find(proc, target);
    CHECK_FALSE(found.state.containers.at(0).running);
    CHECK(found.state.found);
    CHECK(found.state.pod_netns == InodeOf(proc, "node"));
    CHECK_FALSE(found.pod_netns.valid());
  }
  SUBCASE("a pod with its own namespace is not taken for the node") {
    target.host_network = false;
    proc.Add({100, 100, AppCgroup(), "node", kPodIp});
    const auto found = Find(proc, target);
    CHECK_FALSE(found.state.found);
    CHECK(found.state.reason ==
          "process 100 is in the node's network namespace, but the pod has its own");
  }
}

TEST_CASE("find target: by process number") {
  ProcessTree proc;
  proc.Add({100, 7, kHost, "pod", ""});
  Target target;
  target.pid = 100;
  target.containers = {{"app", ""}};
  const auto found = Find(proc, target);
  CHECK(found.state.found);
  CHECK(found.state.pod_netns == InodeOf(proc, "pod"));
  CHECK(found.state.containers.at(0).start_ticks == 7);
  target.pid = 101;
  CHECK(Find(proc, target).state.reason == "there is no process 101");
  proc.Add({101, 7, kHost, "pod", "", 'Z'});
  CHECK_FALSE(Find(proc, target).state.found);
}

TEST_CASE("find target: what is missing is said") {
  SUBCASE("no process of the pod") {
    ProcessTree proc;
    proc.Add({1, 1, V2("/init.scope"), "node", ""});
    const auto found = Find(proc, PodTarget());
    CHECK_FALSE(found.state.found);
    CHECK(found.state.reason == "no process of the pod was found on this node");
  }
  SUBCASE("namespace files can't be opened") {
    ProcessTree proc;
    proc.Add({100, 1, AppCgroup(), "", ""});
    const auto found = Find(proc, PodTarget());
    CHECK_FALSE(found.state.found);
    CHECK(found.state.containers.at(0).running);
    CHECK(found.state.reason == proc.root() + "/100/ns/net: No such file or directory");
  }
  SUBCASE("a kernel without namespace files") {
    const ProcessTree proc;
    proc.Remove("self");
    const auto found = Find(proc, PodTarget());
    CHECK_FALSE(found.state.found);
    CHECK(found.state.reason == proc.root() + "/self/ns/net: No such file or directory");
  }
  SUBCASE("unreadable processes") {
    ProcessTree proc;
    proc.Write("100/stat", "no process");
    proc.Write("100/cgroup", AppCgroup());
    proc.Write("200/stat", "");
    CHECK_FALSE(Find(proc, PodTarget()).state.found);
  }
}
