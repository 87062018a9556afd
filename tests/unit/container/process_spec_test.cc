#include "container/process_spec.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "unit/kernel/proc_tree.h"

using netcheck::probe::ReadProcessSpec;
using netcheck::probe::SpecSource;
using netcheck::test::ProcTree;

namespace {

const std::string kId(64, 'a');
const std::string kOtherId(64, 'b');

std::string Stat(int pid, int start_ticks) {
  return std::to_string(pid) + " (server) S 50 100 100 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " +
         std::to_string(start_ticks) + " 0 0\n";
}

constexpr const char* kConfig = R"({"process": {"cwd": "/config", "env": ["FROM=config"]}})";

/// Process 100 in a container, whose parent is 50.
class Container {
 public:
  Container() {
    Write("100/stat", Stat(100, 7));
    Write("100/status",
          "Name:\tserver\nPPid:\t50\nUid:\t1\t2\t1\t1\nGid:\t3\t4\t3\t3\nGroups:\t5 \n"
          "CapInh:\t0\nCapPrm:\t1\nCapEff:\t1\nCapBnd:\tff\n");
    Write("100/cgroup", "0::/kubepods/podx/" + kId + "\n");
    Write("100/environ", std::string("A=one\0B=\n\0", 10));
    Link("/srv", "100/cwd");
    Link("user:[1]", "100/ns/user");
    Link("user:[1]", "self/ns/user");
    Write("100/oom_score_adj", "-997\n");
    Write("50/cmdline", std::string("shim\0-id\0x\0", 11));
  }

  void Write(const std::string& path, const std::string& text) const { proc_.Write(path, text); }
  void Link(const std::string& target, const std::string& path) const {
    const std::filesystem::path file = proc_.root() + "/" + path;
    std::filesystem::create_directories(file.parent_path());
    std::filesystem::remove(file);
    std::filesystem::create_symlink(target, file);
  }
  /// The runtime's folder of that container, below a folder of bundles.
  [[nodiscard]] std::string Bundle(const std::string& id) const {
    return proc_.root() + "/bundles/" + id;
  }
  [[nodiscard]] auto Read() const { return ReadProcessSpec({100, 7}, proc_.root()); }

 private:
  ProcTree proc_;
};

}  // namespace

TEST_CASE("process spec: containerd's shim works in the sandbox's bundle") {
  const Container container;
  container.Write("bundles/" + kOtherId + "/config.json", R"({"process": {"cwd": "/sandbox"}})");
  container.Write("bundles/" + kId + "/config.json", kConfig);
  container.Link(container.Bundle(kOtherId), "50/cwd");
  const auto spec = container.Read();
  REQUIRE(spec);
  CHECK(spec->source == SpecSource::kRuntime);
  CHECK(spec->working_directory == "/config");
}

TEST_CASE("process spec: conmon works in the container's bundle, or is told") {
  const Container container;
  container.Write("bundles/" + kId + "/config.json", kConfig);
  SUBCASE("works there") {
    container.Link(container.Bundle(kId), "50/cwd");
  }
  SUBCASE("is told") {
    container.Link("/", "50/root");
    container.Write("50/cmdline",
                    std::string("conmon\0-b\0", 10) + container.Bundle(kId) + std::string("\0", 1));
  }
  const auto spec = container.Read();
  REQUIRE(spec);
  CHECK(spec->source == SpecSource::kRuntime);
  CHECK(spec->environment == std::vector<std::string>{"FROM=config"});
}

TEST_CASE("process spec: another container's bundle is not taken") {
  const Container container;
  container.Write("bundles/" + kOtherId + "/config.json", R"({"process": {"cwd": "/sandbox"}})");
  container.Link(container.Bundle(kOtherId), "50/cwd");
  const auto spec = container.Read();
  REQUIRE(spec);
  CHECK(spec->source == SpecSource::kFirstProcess);
}

TEST_CASE("process spec: as the first process is") {
  const Container container;
  container.Write("100/attr/current", "cri-containerd.apparmor.d (enforce)\n");
  auto spec = container.Read();
  REQUIRE(spec);
  CHECK(spec->source == SpecSource::kFirstProcess);
  CHECK(spec->environment == std::vector<std::string>{"A=one", "B=\n"});
  CHECK(spec->working_directory == "/srv");
  CHECK(spec->credentials.uid == 2);
  CHECK(spec->credentials.gid == 4);
  CHECK(spec->credentials.groups == std::vector<std::uint32_t>{5});
  CHECK(spec->credentials.bounding == 0xff);
  CHECK(spec->oom_score_adj == -997);
  CHECK(spec->apparmor_profile == "cri-containerd.apparmor.d");
  container.Write("100/attr/current", "unconfined\n");
  CHECK(container.Read()->apparmor_profile.empty());
  container.Write("100/attr/current", std::string("u:r:container_t:s0:c1,c2\0", 25));
  CHECK(container.Read()->selinux_label == "u:r:container_t:s0:c1,c2");
}

TEST_CASE("process spec: IDs of another user namespace are not taken for ours") {
  const Container container;
  container.Link("user:[2]", "100/ns/user");
  CHECK_FALSE(container.Read());
}

TEST_CASE("process spec: the number went to another process") {
  const Container container;
  container.Write("100/stat", Stat(100, 8));
  const auto spec = container.Read();
  REQUIRE_FALSE(spec);
  CHECK(spec.error().message == "process 100 ended while it was looked at");
}

TEST_CASE("process spec: no such process") {
  const ProcTree proc;
  CHECK_FALSE(ReadProcessSpec({100, 7}, proc.root()));
}
