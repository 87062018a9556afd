#include "gather/access.h"

#include <doctest/doctest.h>

#include <set>

#include "kube/yaml.h"
#include "probe/manifests.h"
#include "unit/support/fake_api.h"

using namespace netcheck;
using gather::NeededRights;
using test::FakeApi;

TEST_CASE("access: nothing is missing") {
  FakeApi api;
  const auto missing = gather::MissingRights(api, NeededRights("pods", "default", "netcheck"));
  REQUIRE(missing);
  CHECK(missing->empty());
}

TEST_CASE("access: all that is missing is reported at once") {
  FakeApi api;
  api.denied = {"create pods netcheck", "delete pods netcheck", "get pods/log netcheck"};
  const auto missing = gather::MissingRights(api, NeededRights("pods", "default", "netcheck"));
  REQUIRE(missing);
  const std::string words = gather::DescribeMissing(*missing);
  CHECK(words.find("create, delete on pods in namespace netcheck; get on pods/log in namespace "
                   "netcheck") != std::string::npos);
  CHECK(words.find("default") == std::string::npos);
}

TEST_CASE("access: a right is asked for once where both namespaces are the same") {
  std::set<std::string> rights;
  for (const gather::Right& right : NeededRights("pods", "a", "a")) {
    CHECK(rights.insert(right.verb + right.resource + right.namespace_name).second);
  }
}

TEST_CASE("access: reviews that are not answered are no missing right") {
  FakeApi api;
  api.failures["create /apis/authorization.k8s.io/v1/selfsubjectaccessreviews"] =
      test::Forbidden("reviews");
  CHECK_FALSE(gather::MissingRights(api, NeededRights("pods", "a", "b")));
}

TEST_CASE("access: the role for acting grants what is needed in the probe's namespace") {
  const std::string_view manifest = probe_pod::kRbacManifest;
  const std::size_t start = manifest.find("\n---\n") + 5;
  const auto role =
      kube::JsonFromYaml(manifest.substr(start, manifest.find("\n---\n", start) - start));
  REQUIRE(role);
  CHECK((*role)["kind"] == "Role");
  std::set<std::string> granted;
  for (const auto& rule : (*role)["rules"]) {
    for (const auto& resource : rule["resources"]) {
      for (const auto& verb : rule["verbs"]) {
        granted.insert(verb.get<std::string>() + " " + resource.get<std::string>());
      }
    }
  }
  for (const gather::Right& right : NeededRights("pods", "netcheck", "netcheck")) {
    CHECK(granted.count(right.verb + " " + right.resource) == 1);
  }
}
