#include <doctest/doctest.h>
#include <sys/resource.h>

#include "container/process_spec.h"
#include "protocol/json.h"

using netcheck::probe::ParseOciConfig;
using netcheck::probe::SpecSource;
using netcheck::protocol::Json;

namespace {

/// As containerd 1.6 writes it, shortened.
constexpr const char* kConfig = R"({
  "ociVersion": "1.0.2-dev",
  "process": {
    "user": {"uid": 1234, "gid": 5, "additionalGids": [5, 4000]},
    "args": ["/server"],
    "env": ["PATH=/usr/bin:/bin", "A=one"],
    "cwd": "/work",
    "capabilities": {
      "bounding": ["CAP_CHOWN", "CAP_CHECKPOINT_RESTORE", "CAP_OF_TOMORROW"],
      "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"], "ambient": ["CAP_NET_BIND_SERVICE"]
    },
    "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 2048, "soft": 1024}, {"type": "RLIMIT_X", "hard": 1, "soft": 1}],
    "noNewPrivileges": true,
    "apparmorProfile": "cri-containerd.apparmor.d",
    "oomScoreAdj": 1000
  },
  "linux": {"seccomp": {"defaultAction": "SCMP_ACT_ERRNO"}}
})";

Json Changed(const std::string& pointer, const Json& value) {
  Json config = Json::parse(kConfig);
  config[Json::json_pointer(pointer)] = value;
  return config;
}

}  // namespace

TEST_CASE("OCI config: every field that a command gets") {
  const auto spec = ParseOciConfig(kConfig);
  REQUIRE(spec);
  CHECK(spec->source == SpecSource::kRuntime);
  CHECK(spec->environment == std::vector<std::string>{"PATH=/usr/bin:/bin", "A=one"});
  CHECK(spec->working_directory == "/work");
  CHECK(spec->credentials.uid == 1234);
  CHECK(spec->credentials.gid == 5);
  CHECK(spec->credentials.groups == std::vector<std::uint32_t>{5, 4000});
  CHECK(spec->credentials.bounding == (1ULL << 40U | 1U));
  CHECK(spec->credentials.effective == 1U << 5U);
  CHECK(spec->credentials.permitted == 1U << 5U);
  CHECK(spec->credentials.inheritable == 0);
  CHECK(spec->credentials.ambient == 1U << 10U);
  CHECK(spec->credentials.no_new_privs);
  CHECK(spec->credentials.seccomp_mode == 2);
  CHECK(spec->apparmor_profile == "cri-containerd.apparmor.d");
  CHECK(spec->selinux_label.empty());
  REQUIRE(spec->limits.size() == 1);
  CHECK(spec->limits[0].resource == RLIMIT_NOFILE);
  CHECK(spec->limits[0].soft == 1024);
  CHECK(spec->limits[0].hard == 2048);
  CHECK(spec->oom_score_adj == 1000);
  CHECK_FALSE(spec->umask.has_value());
}

TEST_CASE("OCI config: what may be missing") {
  const auto spec = ParseOciConfig(R"({"process": {"cwd": "/"}})");
  REQUIRE(spec);
  CHECK(spec->environment.empty());
  CHECK(spec->credentials.uid == 0);
  CHECK(spec->credentials.bounding == 0);
  CHECK_FALSE(spec->credentials.no_new_privs);
  CHECK(spec->credentials.seccomp_mode == 0);
  CHECK_FALSE(spec->oom_score_adj.has_value());
  CHECK(ParseOciConfig(Changed("/process/user/umask", 63).dump())->umask == 63U);
  CHECK(ParseOciConfig(Changed("/process/apparmorProfile", "unconfined").dump())
            ->apparmor_profile.empty());
  CHECK(ParseOciConfig(Changed("/process/selinuxLabel", "a:b:c:s0").dump())->selinux_label ==
        "a:b:c:s0");
}

TEST_CASE("OCI config: malformed") {
  CHECK_FALSE(ParseOciConfig(""));
  CHECK_FALSE(ParseOciConfig("[]"));
  CHECK_FALSE(ParseOciConfig("{}"));
  CHECK_FALSE(ParseOciConfig(R"({"process": {}})"));
  CHECK_FALSE(ParseOciConfig(Changed("/process/cwd", 1).dump()));
  CHECK_FALSE(ParseOciConfig(Changed("/process/env", "A=one").dump()));
  CHECK_FALSE(ParseOciConfig(Changed("/process/capabilities/bounding", Json{1}).dump()));
  CHECK_FALSE(ParseOciConfig(Changed("/process/rlimits", Json{1}).dump()));
  CHECK_FALSE(ParseOciConfig(Changed("/process/user/uid", "root").dump()));
  CHECK_FALSE(ParseOciConfig(Changed("/process/user/uid", 1.7e22).dump()));
}
