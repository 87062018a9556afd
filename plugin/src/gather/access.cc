#include "gather/access.h"

#include <fmt/format.h>

#include <utility>

#include "kube/requests.h"
#include "protocol/json_fields.h"

namespace netcheck::gather {
namespace {

using protocol::Json;

constexpr const char* kReviewPath = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

Json Review(const Right& right) {
  const std::size_t slash = right.resource.find('/');
  Json attributes{{"verb", right.verb},
                  {"group", ""},
                  {"resource", right.resource.substr(0, slash)},
                  {"namespace", right.namespace_name}};
  if (slash != std::string::npos) {
    attributes["subresource"] = right.resource.substr(slash + 1);
  }
  return {{"apiVersion", "authorization.k8s.io/v1"},
          {"kind", "SelfSubjectAccessReview"},
          {"spec", {{"resourceAttributes", std::move(attributes)}}}};
}

bool SamePlace(const Right& a, const Right& b) {
  return a.resource == b.resource && a.namespace_name == b.namespace_name;
}

}  // namespace

std::vector<Right> NeededRights(const std::string& target_resource,
                                const std::string& target_namespace,
                                const std::string& probe_namespace) {
  std::vector<Right> rights{{"get", target_resource, target_namespace}};
  const bool same = target_resource == "pods" && target_namespace == probe_namespace;
  for (const char* verb : {"create", "get", "watch", "delete"}) {
    if (!same || std::string(verb) != "get") {
      rights.push_back({verb, "pods", probe_namespace});
    }
  }
  rights.push_back({"get", "pods/log", probe_namespace});
  return rights;
}

kube::ApiResult<std::vector<Right>> MissingRights(kube::Api& api,
                                                  const std::vector<Right>& rights) {
  std::vector<Right> missing;
  for (const Right& right : rights) {
    const auto review = api.Call(kube::Create(kReviewPath, Review(right)));
    if (!review) {
      return review.error();
    }
    if (!protocol::GetBool(protocol::GetObject(*review, "status"), "allowed")) {
      missing.push_back(right);
    }
  }
  return missing;
}

std::string DescribeMissing(const std::vector<Right>& missing) {
  std::string places;
  for (std::size_t i = 0; i < missing.size();) {
    std::string verbs = missing[i].verb;
    std::size_t next = i + 1;
    for (; next < missing.size() && SamePlace(missing[i], missing[next]); ++next) {
      verbs += ", " + missing[next].verb;
    }
    places += fmt::format("{}{} on {} in namespace {}",
                          places.empty() ? "" : "; ",
                          verbs,
                          missing[i].resource,
                          missing[i].namespace_name);
    i = next;
  }
  return fmt::format(
      "your user lacks rights: {} (`kubectl netcheck manifests` prints the roles that an "
      "administrator can grant)",
      places);
}

}  // namespace netcheck::gather
