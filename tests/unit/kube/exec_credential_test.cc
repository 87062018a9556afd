#include "kube/exec_credential.h"

#include <doctest/doctest.h>

#include "kube/rfc3339.h"

namespace netcheck::kube {
namespace {

constexpr const char* kV1 = "client.authentication.k8s.io/v1";

std::string Printed(const std::string& status) {
  return std::string(R"({"apiVersion":")") + kV1 + R"(","kind":"ExecCredential","status":)" +
         status + "}";
}

std::string Problem(const std::string& text) {
  const auto credential = ParseExecCredential(text, kV1);
  return credential ? "none" : credential.error().message;
}

TEST_CASE("exec credential: token and expiry") {
  const auto credential = ParseExecCredential(
      Printed(R"({"token":"t","expirationTimestamp":"2026-01-02T03:04:05Z"})"), kV1);
  REQUIRE(credential.ok());
  CHECK(credential->token == "t");
  CHECK(credential->expires == 1767323045);
}

TEST_CASE("exec credential: certificate and key") {
  const auto credential =
      ParseExecCredential(Printed(R"({"clientCertificateData":"C","clientKeyData":"K"})"), kV1);
  REQUIRE(credential.ok());
  CHECK(credential->client_certificate == "C");
  CHECK(credential->client_key == "K");
  CHECK_FALSE(credential->expires);
}

TEST_CASE("exec credential: what is none") {
  CHECK(Problem("") == "printed no ExecCredential");
  CHECK(Problem("[]") == "printed no ExecCredential");
  CHECK(Problem(R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1"})")
            .starts_with("printed the version client.authentication.k8s.io/v1beta1"));
  CHECK(Problem(Printed("null")) == "printed an ExecCredential without status");
  CHECK(Problem(Printed("{}")) == "printed neither a token nor a certificate");
  CHECK(Problem(Printed(R"({"clientKeyData":"K"})")) == "printed only one of certificate and key");
  CHECK(Problem(Printed(R"({"token":"t","expirationTimestamp":"soon"})")).ends_with("is no time"));
}

TEST_CASE("exec credential: what the plugin is told") {
  ExecPlugin plugin;
  plugin.api_version = kV1;
  Connection connection;
  connection.server = "https://k";
  connection.certificate_authority = "CA";
  connection.tls_server_name = "name";
  CHECK(ExecInfo(connection, plugin, true).dump() ==
        R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",)"
        R"("spec":{"interactive":true}})");
  plugin.provide_cluster_info = true;
  plugin.cluster_config = {{"audience", "x"}};
  CHECK(ExecInfo(connection, plugin, false)["spec"]["cluster"].dump() ==
        R"({"certificate-authority-data":"Q0E=","config":{"audience":"x"},"server":"https://k",)"
        R"("tls-server-name":"name"})");
}

TEST_CASE("rfc3339: times") {
  CHECK(ParseRfc3339("1970-01-01T00:00:00Z") == 0);
  CHECK(ParseRfc3339("2000-02-29T12:00:00Z") == 951825600);
  CHECK(ParseRfc3339("2000-03-01T00:00:00.123456Z") == 951868800);
  CHECK(ParseRfc3339("2026-01-02T05:04:05+02:00") == 1767323045);
  CHECK(ParseRfc3339("2026-01-01T23:34:05-03:30") == 1767323045);
}

TEST_CASE("rfc3339: what is none") {
  for (const char* text : {"",
                           "2026-01-02",
                           "2026-01-02T03:04:05",
                           "2026-13-02T03:04:05Z",
                           "2026-01-00T03:04:05Z",
                           "2026-01-02T03:04:05ZZ",
                           "2026-01-02T03:04:05.",
                           "2026-01-02T03:04:05+2",
                           "2026-01-02T03:04:05+02:000"}) {
    CHECK_FALSE(ParseRfc3339(text));
  }
}

}  // namespace
}  // namespace netcheck::kube
