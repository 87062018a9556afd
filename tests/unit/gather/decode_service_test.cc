#include "gather/decode_service.h"

#include <doctest/doctest.h>

#include "protocol/json.h"
#include "unit/support/services.h"

using namespace netcheck;
using test::Json;
using test::ParseJson;

TEST_CASE("decode service: what a run needs of it") {
  const auto service = gather::DecodeServiceTarget(test::WebService(), "");
  CHECK(service.namespace_name == "default");
  CHECK(service.name == "web");
  CHECK(service.type == "NodePort");
  CHECK(service.has_selector);
  CHECK(service.cluster_ips == std::vector<std::string>{"10.96.0.10", "fd00:96::a"});
  CHECK(service.external_traffic_policy == "Local");
  CHECK(service.session_affinity == "ClientIP");
  REQUIRE(service.ports.size() == 1);
  CHECK(service.ports[0].name == "http");
  CHECK(service.ports[0].port == 80);
  CHECK(service.ports[0].node_port == 30080);
  CHECK(gather::OtherPorts(test::WebService(), "") == std::vector<std::string>{"53/UDP"});
}

TEST_CASE("decode service: defaults of what is absent") {
  const auto service = gather::DecodeServiceTarget(
      ParseJson(R"({"metadata": {"name": "x"}, "spec": {"clusterIPs": ["None"],
                    "ports": [{"port": 80}]}})"),
      "");
  CHECK(service.type == "ClusterIP");
  CHECK_FALSE(service.has_selector);
  CHECK(service.cluster_ips.empty());
  CHECK(service.internal_traffic_policy == "Cluster");
  CHECK(service.session_affinity == "None");
  CHECK(service.ports.size() == 1);
}

TEST_CASE("decode service: one port by number or name") {
  for (const char* choice : {"80", "http"}) {
    CHECK(gather::DecodeServiceTarget(test::WebService(), choice).ports.size() == 1);
    CHECK(gather::WhyNotConnectable(test::WebService(), choice).empty());
    CHECK(gather::OtherPorts(test::WebService(), choice).empty());
  }
}

TEST_CASE("decode service: why nothing can be connected to") {
  const auto why = [](const Json& service, const char* choice) {
    return gather::WhyNotConnectable(service, choice);
  };
  CHECK(why(test::WebService(), "81").find("no port \"81\" (it has 80/TCP http, 53/UDP dns)") !=
        std::string::npos);
  CHECK(why(test::WebService(), "dns").find("no TCP port") != std::string::npos);
  Json service = test::WebService();
  service["spec"]["ports"].erase(0);
  CHECK(why(service, "").find("no TCP port") != std::string::npos);
  service["spec"]["ports"] = Json::array();
  CHECK(why(service, "").find("has no ports") != std::string::npos);
  service["spec"] = {{"type", "ExternalName"}, {"externalName", "example.com"}};
  CHECK(why(service, "").find("example.com") != std::string::npos);
}

TEST_CASE("decode endpoints: those of the ports, each once") {
  const auto service = gather::DecodeServiceTarget(test::WebService(), "");
  const auto endpoints = gather::DecodeEndpoints(test::WebSlices(), service);
  REQUIRE(endpoints.size() == 3);
  CHECK(endpoints[0].address == "10.244.0.5");
  CHECK(endpoints[0].port == 8080);
  CHECK(endpoints[0].node == "node-a");
  CHECK(endpoints[0].pod == "web-1");
  CHECK(endpoints[0].ready);
  CHECK(endpoints[1].ready);
  CHECK_FALSE(endpoints[2].ready);
}

TEST_CASE("decode endpoints: those of another Service, or that are names, are none") {
  const auto service = gather::DecodeServiceTarget(test::WebService(), "");
  Json slices = test::WebSlices();
  slices["items"][0]["addressType"] = "FQDN";
  slices["items"][1]["metadata"]["labels"]["kubernetes.io/service-name"] = "other";
  CHECK(gather::DecodeEndpoints(slices, service).empty());
}
