#include <doctest/doctest.h>

#include "unit/kube/client_fixture.h"

namespace netcheck::kube {
namespace {

TEST_CASE("client: whom it trusts") {
  const Trust trust;
  SUBCASE("the authority given") {
    LoopbackServer server(AnswerEmpty, &trust.server);
    CHECK(MustConnect(To(server, trust))->Call(kGetPods).ok());
  }
  SUBCASE("no other one, though it has the same name") {
    LoopbackServer server(AnswerEmpty, &trust.server);
    const ApiError error = FailureOf(To(server, Trust()));
    CHECK(error.failure == Failure::kTls);
    CHECK(Contains(error.message, "unknown authority"));
    CHECK(Contains(error.message, "--certificate-authority"));
    CHECK(server.requests().empty());
  }
  SUBCASE("not the system's without being told") {
    LoopbackServer server(AnswerEmpty, &trust.server);
    CHECK(Contains(FailureOf(To(server)).message, "unknown authority"));
  }
  SUBCASE("anybody, when told to") {
    LoopbackServer server(AnswerEmpty, &trust.server);
    Connection connection = To(server);
    connection.insecure_skip_tls_verify = true;
    CHECK(MustConnect(connection)->Call(kGetPods).ok());
  }
  SUBCASE("no expired certificate") {
    const TestCertificate expired =
        Issue({.alternative_names = "IP:127.0.0.1", .valid_from = -7200, .valid_until = -3600},
              &trust.authority);
    LoopbackServer server(AnswerEmpty, &expired);
    CHECK(Contains(FailureOf(To(server, trust)).message, "has expired"));
  }
  SUBCASE("no other name") {
    const TestCertificate other =
        Issue({.alternative_names = "DNS:other.example"}, &trust.authority);
    LoopbackServer server(AnswerEmpty, &other);
    CHECK(
        Contains(FailureOf(To(server, trust)).message, "is not valid for the name \"127.0.0.1\""));
  }
  SUBCASE("nobody who doesn't speak TLS") {
    LoopbackServer server(AnswerEmpty);
    Connection connection = To(server);
    connection.server.replace(0, 4, "https");
    CHECK(Contains(FailureOf(connection).message, "does not speak TLS"));
  }
}

TEST_CASE("client: tls-server-name is the name that is asked for and verified") {
  const Trust trust;
  LoopbackServer server(
      [](const std::string&, Peer& peer) { peer.Answer(200, "\"" + peer.server_name() + "\""); },
      &trust.server);
  Connection connection = To(server, trust);
  connection.tls_server_name = "api.example";
  const auto answer = MustConnect(connection)->Call(kGetPods);
  REQUIRE(answer.ok());
  CHECK(*answer == "api.example");
  CHECK(Contains(server.requests().at(0), "\r\nHost: 127.0.0.1:"));

  connection.tls_server_name = "wrong.example";
  CHECK(Contains(FailureOf(connection).message, "is not valid for the name \"wrong.example\""));
}

TEST_CASE("client: a client certificate reaches the server, with a key that fits") {
  const Trust trust;
  LoopbackServer server(
      [](const std::string&, Peer& peer) {
        peer.Answer(200, "\"" + peer.client_common_name() + "\"");
      },
      &trust.server);
  Connection connection = To(server, trust);
  const TestCertificate user = Issue({.common_name = "ann"}, &trust.authority);
  connection.credentials.client_certificate = user.certificate + trust.authority.certificate;
  connection.credentials.client_key = user.key;
  const auto answer = MustConnect(connection)->Call(kGetPods);
  REQUIRE(answer.ok());
  CHECK(*answer == "ann");

  connection.credentials.client_key = trust.authority.key;
  const auto mismatch = Connect(connection);
  REQUIRE_FALSE(mismatch.ok());
  CHECK(mismatch.error().message == "the client key does not belong to the client certificate");
}

TEST_CASE("client: what can't be used at all") {
  Connection connection;
  connection.server = "https://127.0.0.1:1";
  const auto problem = [&] {
    const auto api = Connect(connection);
    return api ? "none" : api.error().message;
  };
  SUBCASE("authority") {
    connection.certificate_authority = "hello";
    CHECK(problem() == "certificate-authority holds no PEM certificate");
  }
  SUBCASE("certificate") {
    connection.credentials.client_certificate = "hello";
    CHECK(problem() == "the client certificate is no PEM certificate");
  }
  SUBCASE("token") {
    connection.credentials.token = "a\r\nX-Evil: b";
    CHECK(Contains(problem(), "the token holds a line break"));
  }
  SUBCASE("user to impersonate") {
    connection.impersonation.user = "a\nb";
    CHECK(Contains(problem(), "control character"));
  }
}

}  // namespace
}  // namespace netcheck::kube
