#include "protocol/v1_probe.h"

#include <doctest/doctest.h>

#include "protocol/json.h"

namespace netcheck::protocol {
namespace {

V1Probe Read(const char* probe, const char* container = "{}") {
  return ReadV1Probe(Json::parse(probe), Json::parse(container));
}

TEST_CASE("v1 probe: what is left out takes the API server's defaults") {
  const V1Probe probe = Read(R"({"httpGet": {"port": 8080}})");
  CHECK(probe.kind == CheckKind::kHttp);
  CHECK(probe.http.scheme == "HTTP");
  CHECK(probe.http.path == "/");
  CHECK(probe.host.empty());
  CHECK(probe.port.number == 8080);
  CHECK(probe.initial_delay_s == 0);
  CHECK(probe.timeout_s == 1);
  CHECK(probe.period_s == 10);
  CHECK(probe.success_threshold == 1);
  CHECK(probe.failure_threshold == 3);
}

TEST_CASE("v1 probe: every action") {
  CHECK(Read(R"({"tcpSocket": {"port": 1, "host": "127.0.0.1"}})").host == "127.0.0.1");
  CHECK(Read(R"({"grpc": {"port": 9000, "service": "s"}})").grpc.service == "s");
  const V1Probe exec = Read(R"({"exec": {"command": ["cat", "/tmp/x"]}})", R"({"name": "app"})");
  CHECK(exec.exec.container == "app");
  CHECK(exec.exec.command == std::vector<std::string>{"cat", "/tmp/x"});
  CHECK(Read(R"({"somethingNew": {}})").kind == CheckKind::kUnknown);
}

TEST_CASE("v1 probe: variables in a command are expanded as kubelet does") {
  const char* container = R"({"name": "app", "env": [
      {"name": "PORT", "value": "80"}, {"name": "SECRET", "valueFrom": {}}]})";
  const auto word = [&](const std::string& text) {
    const Json probe{{"exec", {{"command", {text}}}}};
    return ReadV1Probe(probe, Json::parse(container)).exec.command.at(0);
  };
  CHECK(word("http://localhost:$(PORT)/") == "http://localhost:80/");
  CHECK(word("$(PORT)$(PORT)") == "8080");
  CHECK(word("$(SECRET)") == "");
  CHECK(word("$(NONE)") == "$(NONE)");
  CHECK(word("$$(PORT)") == "$(PORT)");
  CHECK(word("$$$(PORT)") == "$80");
  CHECK(word("$PORT ${PORT} $") == "$PORT ${PORT} $");
  CHECK(word("$(PORT") == "$(PORT");
  CHECK(word("$()") == "$()");
  CHECK(word("") == "");
}

TEST_CASE("v1 probe: ports in kubelet's words") {
  const auto port = [](const std::string& text) {
    const std::string probe = R"({"tcpSocket": {"port": )" + text + "}}";
    return Read(probe.c_str(), R"({"ports": [{"name": "web", "containerPort": 8080}]})").port;
  };
  CHECK(port(R"("web")").number == 8080);
  CHECK(port(R"("web")").text == "web");
  CHECK(port(R"("9090")").number == 9090);
  CHECK(port(R"("+9090")").number == 9090);
  CHECK(port(R"("www")").error == R"(strconv.Atoi: parsing "www": invalid syntax)");
  CHECK(port(R"("99999999999")").error ==
        R"(strconv.Atoi: parsing "99999999999": value out of range)");
  CHECK(port("70000").error == "invalid port number: 70000");
  CHECK(port("70000").number == 0);
  CHECK(port("0").error == "invalid port number: 0");
}

TEST_CASE("v1 probe: kubelet's user agent") {
  CHECK(KubeletUserAgent("v1.34.4") == "kube-probe/1.34");
  CHECK(KubeletUserAgent("v1.27.3-gke.100") == "kube-probe/1.27");
  CHECK(KubeletUserAgent("") == "kube-probe/1");
}

}  // namespace
}  // namespace netcheck::protocol
