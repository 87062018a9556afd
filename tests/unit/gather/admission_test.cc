#include "gather/admission.h"

#include <doctest/doctest.h>

#include "protocol/json.h"
#include "unit/support/fake_api.h"

using namespace netcheck;
using test::FakeApi;

namespace {

const test::Json kPod{{"metadata", {{"name", "p"}, {"namespace", "ns"}}}};

std::string Rejection(kube::ApiError error) {
  FakeApi api;
  api.failures["create /api/v1/namespaces/ns/pods"] = std::move(error);
  return gather::WhyRejected(api, kPod);
}

bool Has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("admission: the netcheck namespace where it exists, else the pod's own") {
  FakeApi api;
  CHECK(gather::ChooseProbeNamespace(api, "default").value() == "default");
  api.objects["/api/v1/namespaces/netcheck"] = test::Json::object();
  CHECK(gather::ChooseProbeNamespace(api, "default").value() == "netcheck");
  api.failures["get *"] = test::Forbidden("namespaces");
  CHECK(gather::ChooseProbeNamespace(api, "default").value() == "default");
  api.failures["get *"] = test::Lost();
  CHECK_FALSE(gather::ChooseProbeNamespace(api, "default"));
}

TEST_CASE("admission: an admitted pod is only tried, not created") {
  FakeApi api;
  CHECK(gather::WhyRejected(api, kPod).empty());
  REQUIRE(api.requests.size() == 1);
  CHECK(api.requests[0].query[0].first == "dryRun");
  CHECK(api.objects.empty());
}

TEST_CASE("admission: PodSecurity, with the command that helps") {
  const std::string why =
      Rejection({kube::Failure::kForbidden,
                 403,
                 "Forbidden",
                 "pods \"p\" is forbidden: violates PodSecurity \"baseline:latest\": "
                 "host namespaces (hostNetwork=true)"});
  CHECK(Has(why, "violates PodSecurity \"baseline:latest\""));
  CHECK(Has(why, "kubectl label namespace ns pod-security.kubernetes.io/enforce=privileged"));
  CHECK(Has(why, "--namespace-for-probe"));
}

TEST_CASE("admission: a webhook, a quota, a namespace that isn't there") {
  CHECK(Has(Rejection({kube::Failure::kForbidden,
                       403,
                       "Forbidden",
                       "admission webhook \"policy.example.org\" denied the request: no hostPID"}),
            "policy.example.org"));
  CHECK(Has(Rejection({kube::Failure::kForbidden, 403, "Forbidden", "exceeded quota: pods"}),
            "exceeded quota"));
  CHECK(Has(Rejection(test::NotFound("namespaces \"ns\"")), "namespace \"ns\""));
}

TEST_CASE("admission: a webhook that can't be tried does not stop the run") {
  CHECK(Rejection({kube::Failure::kInvalid,
                   400,
                   "BadRequest",
                   "admission webhook \"w\" does not support dry run"})
            .empty());
}
