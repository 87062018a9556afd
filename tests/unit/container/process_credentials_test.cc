#include "container/process_credentials.h"

#include <doctest/doctest.h>

#include <string>

using netcheck::probe::ParseCredentials;

namespace {

/// As a container of user 65532 without privileges has it.
constexpr const char* kStatus =
    "Name:\tserver\n"
    "Umask:\t0022\n"
    "State:\tS (sleeping)\n"
    "Uid:\t65532\t65533\t65532\t65532\n"
    "Gid:\t65532\t65534\t65532\t65532\n"
    "FDSize:\t64\n"
    "Groups:\t1000 2000 \n"
    "CapInh:\t0000000000000001\n"
    "CapPrm:\t0000000000000400\n"
    "CapEff:\t0000000000000401\n"
    "CapBnd:\t00000000a80425fb\n"
    "CapAmb:\t0000000000000002\n"
    "NoNewPrivs:\t1\n"
    "Seccomp:\t2\n"
    "Seccomp_filters:\t1\n";

std::string Without(const std::string& field) {
  std::string text = kStatus;
  const auto start = text.find("\n" + field + ":") + 1;
  return text.erase(start, text.find('\n', start) + 1 - start);
}

}  // namespace

TEST_CASE("credentials: every field") {
  const auto credentials = ParseCredentials(kStatus);
  REQUIRE(credentials);
  CHECK(credentials->uid == 65533);
  CHECK(credentials->gid == 65534);
  CHECK(credentials->groups == std::vector<std::uint32_t>{1000, 2000});
  CHECK(credentials->inheritable == 1);
  CHECK(credentials->permitted == 0x400);
  CHECK(credentials->effective == 0x401);
  CHECK(credentials->bounding == 0xa80425fb);
  CHECK(credentials->ambient == 2);
  CHECK(credentials->no_new_privs);
  CHECK(credentials->seccomp_mode == 2);
}

TEST_CASE("credentials: what older kernels don't tell") {
  const auto credentials = ParseCredentials(Without("CapAmb"));
  REQUIRE(credentials);
  CHECK(credentials->ambient == 0);
  REQUIRE(ParseCredentials(Without("NoNewPrivs")));
  CHECK_FALSE(ParseCredentials(Without("NoNewPrivs"))->no_new_privs);
  REQUIRE(ParseCredentials(Without("Seccomp")));
  CHECK(ParseCredentials(Without("Seccomp"))->seccomp_mode == 0);
}

TEST_CASE("credentials: no group at all") {
  std::string text = kStatus;
  text.replace(text.find("1000 2000 "), 10, " ");
  REQUIRE(ParseCredentials(text));
  CHECK(ParseCredentials(text)->groups.empty());
}

TEST_CASE("credentials: malformed") {
  CHECK_FALSE(ParseCredentials(""));
  for (const char* field : {"Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd"}) {
    CHECK_FALSE(ParseCredentials(Without(field)));
  }
  std::string text = kStatus;
  text.replace(text.find("65533"), 5, "6553x");
  CHECK_FALSE(ParseCredentials(text));
}
