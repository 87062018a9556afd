#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "sys/file_reader.h"
#include "sys/netns.h"
#include "target/cpu_stat.h"
#include "target/find_target.h"
#include "unit/kernel/fact_lists.h"
#include "unit/target/cgroup_shapes.h"

// The running kernel: a process with a network namespace and a cgroup of its own. Needs
// CAP_SYS_ADMIN and a writable cgroup hierarchy.

using netcheck::probe::FindTarget;
using netcheck::probe::NetnsInode;
using netcheck::probe::OpenNetns;
using netcheck::probe::ParseCgroupMounts;
using netcheck::probe::ReadCpuThrottling;
using netcheck::probe::ReadFile;
using netcheck::protocol::CpuThrottling;
using netcheck::protocol::Moment;
using netcheck::protocol::Target;
using netcheck::protocol::TargetState;
using netcheck::test::FactsOf;
using netcheck::test::FindUnavailable;

namespace {

/// A child that waits in a network namespace of its own until this object goes.
class WaitingChild {
 public:
  WaitingChild() {
    std::array<int, 2> ready{};
    if (pipe2(ready.data(), O_CLOEXEC) != 0) {
      return;
    }
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      const char answer = unshare(CLONE_NEWNET) == 0 ? 'y' : 'n';
      if (write(ready[1], &answer, 1) == 1) {
        pause();
      }
      _exit(0);
    }
    close(ready[1]);
    char answer = 'n';
    in_netns_ = pid_ > 0 && read(ready[0], &answer, 1) == 1 && answer == 'y';
    close(ready[0]);
  }
  WaitingChild(const WaitingChild&) = delete;
  WaitingChild& operator=(const WaitingChild&) = delete;
  ~WaitingChild() { End(); }

  void End() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
      pid_ = -1;
    }
  }
  [[nodiscard]] bool in_netns() const { return in_netns_; }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  bool in_netns_ = false;
};

/// A pod's and a container's cgroup in the hierarchy that has the cpu controller, or in v2.
class PodCgroup {
 public:
  PodCgroup(const std::string& uid, const std::string& id) {
    const auto mountinfo = ReadFile("/proc/self/mountinfo");
    if (!mountinfo) {
      return;
    }
    for (const auto& mount : ParseCgroupMounts(*mountinfo)) {
      pod_ = mount.mount_point + "/netcheck-pod" + uid;
      container_ = pod_ / id;
      std::error_code error;
      std::filesystem::create_directories(container_, error);
      if (!error) {
        made_ = true;
        return;
      }
    }
  }
  PodCgroup(const PodCgroup&) = delete;
  PodCgroup& operator=(const PodCgroup&) = delete;
  ~PodCgroup() {
    if (made_) {
      rmdir(container_.c_str());
      rmdir(pod_.c_str());
    }
  }

  /// Moves the process into the container's cgroup.
  [[nodiscard]] bool Add(pid_t pid) const {
    return made_ && (std::ofstream(container_ / "cgroup.procs") << pid << std::flush).good();
  }

 private:
  std::filesystem::path pod_;
  std::filesystem::path container_;
  bool made_ = false;
};

}  // namespace

TEST_CASE("real target: found by its cgroup, gone when its process is") {
  const std::string uid = "00000000-0000-4000-8000-" + std::to_string(100000000000 + getpid());
  const std::string id(64, 'e');
  const PodCgroup cgroup(uid, id);
  WaitingChild child;
  if (!child.in_netns() || !cgroup.Add(child.pid())) {
    MESSAGE("SKIPPED: can't make a network namespace and a cgroup (not root?)");
    return;
  }
  Target target;
  target.pod_uid = uid;
  target.containers = {{"app", "containerd://" + id}};
  const auto found = FindTarget(target, Moment::kBefore);
  CHECK(found.state.reason == "");
  REQUIRE(found.state.found);
  CHECK(found.state.containers.at(0).pid == child.pid());
  CHECK(found.state.containers.at(0).start_ticks > 0);
  CHECK(found.state.pod_netns == NetnsInode(OpenNetns(child.pid())->get()).value());
  CHECK(found.state.node_netns == NetnsInode(OpenNetns(getpid())->get()).value());
  CHECK(found.state.pod_netns != found.state.node_netns);
  // A hierarchy without the cpu controller has no statistics, and says so.
  const auto facts = ReadCpuThrottling(found.state, Moment::kBefore);
  CHECK(facts.size() == 2);
  CHECK(FactsOf<CpuThrottling>(facts).size() + (FindUnavailable(facts, "cpu.stat app") ? 1U : 0U) +
            (FindUnavailable(facts, "cpu.stat probe") ? 1U : 0U) ==
        2);
  child.End();
  const auto gone = FindTarget(target, Moment::kAfter);
  CHECK_FALSE(gone.state.found);
  CHECK_FALSE(gone.state.containers.at(0).running);
  // The namespace outlives its process while it is held.
  CHECK(NetnsInode(found.pod_netns.get()).value() == found.state.pod_netns);
}

TEST_CASE("real target: by process number") {
  const WaitingChild child;
  if (!child.in_netns()) {
    MESSAGE("SKIPPED: can't make a network namespace (not root?)");
    return;
  }
  Target target;
  target.pid = child.pid();
  target.containers = {{"app", ""}};
  const auto found = FindTarget(target, Moment::kBefore);
  REQUIRE(found.state.found);
  CHECK(found.pod_netns.valid());
  CHECK(found.state.containers.at(0).running);
}
