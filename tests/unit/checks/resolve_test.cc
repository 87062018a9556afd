#include "checks/resolve.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace netcheck::probe {
namespace {

using Servers = std::vector<std::string>;

Patience FiveSeconds() {
  return {std::chrono::steady_clock::now() + std::chrono::seconds(5), {}};
}

TEST_CASE("resolve: the name servers of a resolv.conf") {
  CHECK(NameServers("") == Servers{"127.0.0.1:53", "[::1]:53"});
  CHECK(NameServers("# nameserver 1.1.1.1\n;nameserver 1.1.1.2\nnameserver\nnameserver dns\n") ==
        Servers{"127.0.0.1:53", "[::1]:53"});
  CHECK(NameServers("search a.example\nnameserver 10.0.0.10 # cluster\nnameserver\tfd00::a\n"
                    "nameserver fe80::1%eth0\nnameserver 10.0.0.13\n") ==
        Servers{"10.0.0.10:53", "[fd00::a]:53", "[fe80::1%eth0]:53"});
}

TEST_CASE("resolve: addresses, and names in any case") {
  CHECK(Resolve("10.0.0.5", FiveSeconds()).addresses.size() == 1);
  CHECK_FALSE(Resolve("LocalHost", FiveSeconds()).addresses.empty());
}

TEST_CASE("resolve: what is no domain name is not asked for") {
  for (const char* name : {"10.0.1", "a<b", "a..b", "-a", "a-"}) {
    const ResolveResult result = Resolve(name, FiveSeconds());
    CHECK(result.addresses.empty());
    CHECK(result.error == "lookup " + std::string(name) + ": no such host");
  }
}

}  // namespace
}  // namespace netcheck::probe
