#include "target/cgroup_path.h"

#include <doctest/doctest.h>

#include "unit/target/cgroup_shapes.h"

using netcheck::probe::ContainerBelowPod;
using netcheck::probe::ContainerCgroup;
using netcheck::probe::HasController;
using netcheck::probe::IsInContainer;
using netcheck::probe::IsInPod;
using netcheck::probe::ParseCgroupFile;
using netcheck::probe::PodIn;
using netcheck::probe::StripRuntime;
using netcheck::test::Expand;
using netcheck::test::kAppId;
using netcheck::test::kPauseId;
using netcheck::test::kStaticUid;
using netcheck::test::kUid;

TEST_CASE("cgroup file: v1, v2 and hybrid lines") {
  const auto lines = ParseCgroupFile("4:cpu,cpuacct:/a\n1:name=systemd:/b:c\n0::/d");
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].controllers == "cpu,cpuacct");
  CHECK(lines[0].path == "/a");
  CHECK(lines[1].path == "/b:c");  // Only the first two colons separate.
  CHECK(lines[2].controllers.empty());
  CHECK(lines[2].path == "/d");
}

TEST_CASE("cgroup file: malformed lines and deleted cgroups are left out") {
  CHECK(ParseCgroupFile("").empty());
  CHECK(ParseCgroupFile("4:cpu\n\n:\n::\n4:cpu:relative\n").empty());
  CHECK(ParseCgroupFile("0::/kubepods/podx (deleted)\n").empty());
}

TEST_CASE("cgroup file: controllers are whole words") {
  CHECK(HasController("cpu,cpuacct", "cpu"));
  CHECK(HasController("cpuacct,cpu", "cpu"));
  CHECK_FALSE(HasController("cpuset,cpuacct", "cpu"));
  CHECK_FALSE(HasController("", "cpu"));
}

TEST_CASE("cgroup path: the pod of every shape, and none of what is no container's") {
  for (const auto& shape : netcheck::test::CgroupShapes()) {
    CAPTURE(shape.name);
    std::string found;
    for (const auto& line : ParseCgroupFile(shape.app)) {
      found = found.empty() ? PodIn(line.path) : found;
    }
    CHECK((found.empty() || found == shape.pod_uid));
  }
  CHECK(PodIn(Expand("/kubepods/burstable/pod{POD}/{APP}", kUid)) == kUid);
  CHECK(PodIn(Expand("/a.slice/a-pod{P_O_D}.slice/cri-containerd-{APP}.scope", kUid)) == kUid);
  CHECK(PodIn("/kubepods/pod" + kStaticUid + "/" + kAppId) == kStaticUid);
  CHECK(PodIn(Expand("/kubepods/burstable/pod{POD}", kUid)).empty());
  CHECK(PodIn(Expand("/kubepods/pod{POD}/crio-conmon-{APP}", kUid)).empty());
  CHECK(PodIn("/kubepods/podcast/" + kAppId).empty());
  CHECK(PodIn("/pod").empty());
}

TEST_CASE("cgroup path: pods by their whole UID") {
  CHECK(IsInPod(Expand("/kubepods/pod{POD}", kUid), kUid));
  CHECK(IsInPod(Expand("/kubepods-pod{P_O_D}.slice", kUid), kUid));
  CHECK(IsInPod("/kubepods/pod" + kStaticUid + "/x", kStaticUid));
  CHECK_FALSE(IsInPod("/kubepods/pod" + kUid + "0", kUid));
  CHECK_FALSE(IsInPod("/kubepods/pod" + kUid + ".slices", kUid));
  CHECK_FALSE(IsInPod("/kubepods/xpod" + kUid, kUid));
  CHECK_FALSE(IsInPod("/kubepods/pod" + kUid.substr(1), kUid));
  CHECK_FALSE(IsInPod("/kubepods/" + kUid, kUid));
  CHECK_FALSE(IsInPod("/kubepods/pod/x", ""));
}

TEST_CASE("cgroup path: containers by their whole ID, monitors are not containers") {
  CHECK(IsInContainer("/x/" + kAppId, kAppId));
  CHECK(IsInContainer("/x/crio-" + kAppId + ".scope/deeper", kAppId));
  CHECK_FALSE(IsInContainer("/x/crio-conmon-" + kAppId + ".scope", kAppId));
  CHECK_FALSE(IsInContainer("/x/" + kAppId + "a", kAppId));
  CHECK_FALSE(IsInContainer("/x/a" + kAppId, kAppId));
  CHECK_FALSE(IsInContainer("/x/" + kAppId + ".service", kAppId));
  CHECK_FALSE(IsInContainer("/x", ""));
  CHECK(ContainerCgroup("/x/crio-" + kAppId + ".scope/init.scope", kAppId) ==
        "/x/crio-" + kAppId + ".scope");
  CHECK(ContainerCgroup("/x/" + kAppId, kPauseId).empty());
}

TEST_CASE("cgroup path: the container below a pod") {
  const auto below = [](const std::string& path) {
    return std::string(ContainerBelowPod(Expand(path, kUid), kUid));
  };
  CHECK(below("/kubepods/pod{POD}/{PAUSE}") == kPauseId);
  CHECK(below("/{OTHER}/kubepods/pod{POD}/{PAUSE}/{APP}") == kPauseId);
  CHECK(below("/{OTHER}/kubepods/pod{POD}").empty());
  CHECK(below("/kubepods/pod{POD}/crio-conmon-{PAUSE}").empty());
  CHECK(below("/kubepods/pod{POD}/{PAUSE}b").empty());
  CHECK(below("/kubepods/{PAUSE}").empty());
}

TEST_CASE("cgroup path: container IDs as the API writes them") {
  CHECK(StripRuntime("containerd://abc") == "abc");
  CHECK(StripRuntime("cri-o://abc") == "abc");
  CHECK(StripRuntime("abc").size() == 3);
  CHECK(StripRuntime("").empty());
}
