#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "protocol/json.h"
#include "unit/kube/client_fixture.h"

namespace netcheck::kube {
namespace {

/// An executable script in a folder of its own.
class Script {
 public:
  explicit Script(const std::string& body) {
    std::string folder = (std::filesystem::temp_directory_path() / "netcheck-kube-XXXXXX").string();
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    std::ofstream(path()) << "#!/bin/sh\n" << body;
    std::filesystem::permissions(path(), std::filesystem::perms::owner_all);
  }
  ~Script() { std::filesystem::remove_all(folder_); }
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  [[nodiscard]] std::string path() const { return folder_ + "/plugin"; }
  [[nodiscard]] std::string folder() const { return folder_; }

 private:
  std::string folder_;
};

ExecPlugin Plugin(const Script& script) {
  ExecPlugin plugin;
  plugin.api_version = "client.authentication.k8s.io/v1";
  plugin.command = script.path();
  plugin.interactive = ExecPlugin::Interactive::kNever;
  return plugin;
}

TEST_CASE("client: user name and password, and none of them in the clear") {
  const Trust trust;
  LoopbackServer secure(AnswerEmpty, &trust.server);
  Connection connection = To(secure, trust);
  connection.credentials.username = "ann";
  connection.credentials.password = "a:b";
  REQUIRE(MustConnect(connection)->Call(kGetPods).ok());
  CHECK(Contains(secure.requests().at(0), "\r\nAuthorization: Basic YW5uOmE6Yg==\r\n"));
}

TEST_CASE("client: what can be seen to be wrong after a 401") {
  const Trust trust;
  LoopbackServer server([](const std::string&, Peer& peer) { peer.Answer(401, "{}"); },
                        &trust.server);
  Connection connection = To(server, trust);
  SUBCASE("a JWT's expiry") {
    connection.credentials.token = "e30.eyJleHAiOjF9.x";  // {"exp":1}
    CHECK(Contains(FailureOf(connection).message, ", its token has expired:"));
  }
  SUBCASE("a certificate's") {
    const TestCertificate user =
        Issue({.common_name = "ann", .valid_from = -7200, .valid_until = -3600}, &trust.authority);
    connection.credentials.client_certificate = user.certificate;
    connection.credentials.client_key = user.key;
    CHECK(Contains(FailureOf(connection).message, ", its client certificate expired on "));
  }
}

TEST_CASE("client: an exec plugin runs again after a 401, once") {
  const Trust trust;
  const Script script(R"(
n=$(($(cat "$COUNT" 2>/dev/null || echo 0) + 1)); echo $n > "$COUNT"
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",'
echo '"status":{"token":"token-'$n'"}}'
)");
  Connection connection;
  connection.user = "ann";
  connection.credentials.exec = Plugin(script);
  connection.credentials.exec->environment["COUNT"] = script.folder() + "/count";
  connection.certificate_authority = trust.authority.certificate;
  const auto answer = [](const std::string& request, Peer& peer) {
    const bool good = Contains(request, "Authorization: Bearer token-2\r\n");
    peer.Answer(good ? 200 : 401, "{}");
  };
  LoopbackServer server(answer, &trust.server);
  connection.server = server.url();
  const auto api = MustConnect(connection);
  CHECK(api->Call(kGetPods).ok());
  CHECK(api->Call(kGetPods).ok());  // token-2 still
  CHECK(server.requests().size() == 3);
  CHECK(FailureOf(connection).failure == Failure::kUnauthorized);  // token-3, token-4
  CHECK(server.requests().size() == 5);
}

TEST_CASE("client: an exec plugin's certificate reaches the server") {
  const Trust trust;
  const TestCertificate user = Issue({.common_name = "ann-by-exec"}, &trust.authority);
  const Json credential = {
      {"apiVersion", "client.authentication.k8s.io/v1"},
      {"kind", "ExecCredential"},
      {"status", {{"clientCertificateData", user.certificate}, {"clientKeyData", user.key}}}};
  const Script script("cat <<'END'\n" + credential.dump() + "\nEND\n");
  LoopbackServer server(
      [](const std::string&, Peer& peer) {
        peer.Answer(200, "\"" + peer.client_common_name() + "\"");
      },
      &trust.server);
  Connection connection = To(server, trust);
  connection.credentials.exec = Plugin(script);
  const auto answer = MustConnect(connection)->Call(kGetPods);
  REQUIRE(answer.ok());
  CHECK(*answer == "ann-by-exec");
}

TEST_CASE("client: exec plugins that fail") {
  const Trust trust;
  LoopbackServer server(AnswerEmpty, &trust.server);
  Connection connection = To(server, trust);
  const Script script("exit 7\n");
  connection.credentials.exec = Plugin(script);
  const std::string plugin =
      "the credential plugin \"" + script.path() + "\" of the kubeconfig's user \"ann\" ";
  SUBCASE("exit code") {
    const ApiError error = FailureOf(connection);
    CHECK(error.failure == Failure::kCredentials);
    CHECK(error.message == plugin + "failed with exit code 7");
  }
  SUBCASE("not there") {
    std::filesystem::remove(script.path());
    connection.credentials.exec->install_hint = "Install it from the shelf.";
    CHECK(FailureOf(connection).message ==
          plugin + "is not installed: it is not found\nInstall it from the shelf.");
  }
  CHECK(server.requests().empty());
}

TEST_CASE("client: a token file is read again after a 401") {
  const Trust trust;
  const Script file("");
  std::ofstream(file.path()) << "old\n";
  LoopbackServer server(
      [&](const std::string& request, Peer& peer) {
        const bool fresh = Contains(request, "Authorization: Bearer new\r\n");
        std::ofstream(file.path()) << " new\n";
        peer.Answer(fresh ? 200 : 401, "{}");
      },
      &trust.server);
  Connection connection = To(server, trust);
  connection.credentials.token_file = file.path();
  CHECK(MustConnect(connection)->Call(kGetPods).ok());
  CHECK(server.requests().size() == 2);
}

}  // namespace
}  // namespace netcheck::kube
