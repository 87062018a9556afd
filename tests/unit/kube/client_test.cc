#include "kube/client.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "unit/kube/loopback_server.h"
#include "unit/kube/test_certificate.h"

namespace netcheck::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Request kGetPods{Verb::kGet, "/api/v1/pods", {}, {}};

int NotInterrupted() {
  return 0;
}

std::unique_ptr<Api> MustConnect(const Connection& connection,
                                 std::function<int()> interrupted = NotInterrupted) {
  auto api = Connect(connection, std::move(interrupted));
  if (!api) {
    FAIL(api.error().message);
  }
  return std::move(api).value();
}

ApiError FailureOf(const Connection& connection, const Request& request = kGetPods) {
  const auto answer = MustConnect(connection)->Call(request);
  REQUIRE_FALSE(answer.ok());
  return answer.error();
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Connection To(const LoopbackServer& server) {
  Connection connection;
  connection.server = server.url();
  connection.user = "ann";
  return connection;
}

/// An authority, and a server's certificate for 127.0.0.1 and api.example by it.
struct Trust {
  TestCertificate authority = Issue({.common_name = "authority", .authority = true});
  TestCertificate server = Issue({.alternative_names = "IP:127.0.0.1,DNS:api.example"}, &authority);
};

Connection To(const LoopbackServer& server, const Trust& trust) {
  Connection connection = To(server);
  connection.certificate_authority = trust.authority.certificate;
  return connection;
}

void AnswerEmpty(const std::string& /*request*/, Peer& peer) {
  peer.Answer(200, "{}");
}

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

TEST_CASE("client: what is sent") {
  LoopbackServer server([](const std::string&, Peer& peer) { peer.Answer(201, R"({"a":1})"); });
  Connection connection = To(server);
  connection.server += "/prefix";
  connection.impersonation = {"eve", "7", {"g", "h"}, {{"a b", {"x"}}}};
  const auto api = MustConnect(connection);
  const auto answer = api->Call({Verb::kCreate,
                                 "/api/v1/pods",
                                 {{"fieldManager", "a&b"}, {"dryRun", "All"}},
                                 {{"kind", "Pod"}}});
  REQUIRE(answer.ok());
  CHECK(answer->at("a") == 1);
  REQUIRE(api->Call({Verb::kDelete, "/x", {}, {}}).ok());
  REQUIRE(api->Call(kGetPods).ok());

  const auto requests = server.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[0].starts_with(
      "POST /prefix/api/v1/pods?fieldManager=a%26b&dryRun=All HTTP/1.1\r\n"));
  CHECK(requests[0].ends_with("\r\n\r\n{\"kind\":\"Pod\"}"));
  for (const std::string line : {"User-Agent: kubectl-netcheck/",
                                 "Accept: application/json",
                                 "Content-Type: application/json",
                                 "Impersonate-User: eve",
                                 "Impersonate-Uid: 7",
                                 "Impersonate-Group: g\r\nImpersonate-Group: h",
                                 "Impersonate-Extra-a%20b: x"}) {
    CAPTURE(line);
    CHECK(Contains(requests[0], "\r\n" + line));
  }
  CHECK(requests[1].starts_with("DELETE /prefix/x HTTP/1.1\r\n"));
  CHECK_FALSE(Contains(requests[1], "Content-Type"));
  CHECK(requests[2].starts_with("GET /prefix/api/v1/pods HTTP/1.1\r\n"));
  CHECK(server.connections() == 1);
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

TEST_CASE("client: the server's refusals") {
  LoopbackServer server([](const std::string& request, Peer& peer) {
    if (Contains(request, "/forbidden")) {
      peer.Answer(403,
                  R"({"kind":"Status","reason":"Forbidden","message":"pods is forbidden: no"})");
    } else if (Contains(request, "/html")) {
      peer.Answer(200, "<html><title>Sign in</title>");
    } else if (Contains(request, "/moved")) {
      peer.Answer(302, "", "Location: https://login.example/\r\n");
    } else {
      peer.Answer(401, R"({"kind":"Status","reason":"Unauthorized","message":"Unauthorized"})");
    }
  });
  const auto failure = [&](const std::string& path) {
    return FailureOf(To(server), {Verb::kGet, path, {}, {}});
  };
  CHECK(failure("/forbidden").failure == Failure::kForbidden);
  CHECK(failure("/forbidden").message == "pods is forbidden: no");
  CHECK(failure("/html").failure == Failure::kServer);
  CHECK(Contains(failure("/html").message, "the HTML page \"Sign in\""));
  CHECK(Contains(failure("/moved").message, "redirected to https://login.example/"));
  const ApiError unauthorized = failure("/401");
  CHECK(unauthorized.failure == Failure::kUnauthorized);
  CHECK(unauthorized.reason == "Unauthorized");
  CHECK(unauthorized.message == server.url() +
                                    " does not accept the user \"ann\" (401 Unauthorized), it has "
                                    "no credentials: log in again, or check the kubeconfig's "
                                    "credentials");
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

TEST_CASE("client: later, says the server") {
  std::atomic<int> asked = 0;
  LoopbackServer server([&](const std::string&, Peer& peer) {
    if (++asked <= 2) {
      peer.Answer(429, "{}", "Retry-After: 0\r\n");
    } else {
      peer.Answer(asked == 3 ? 200 : 429, R"({"kind":"Status","message":"busy"})");
    }
  });
  CHECK(MustConnect(To(server))->Call(kGetPods).ok());
  CHECK(asked == 3);
  CHECK(FailureOf(To(server)).message == "busy");  // without Retry-After it is final
  CHECK(asked == 4);
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

TEST_CASE("client: no connection") {
  Connection connection;
  SUBCASE("refused") {
    {
      const LoopbackServer gone(AnswerEmpty);
      connection.server = gone.url();
    }
    const ApiError error = FailureOf(connection);
    CHECK(error.failure == Failure::kUnreachable);
    CHECK(error.message == "the connection to " + connection.server +
                               " was refused: check that the address and port are right and that "
                               "the API server runs");
  }
  SUBCASE("no such host") {
    connection.server = "https://netcheck-test.invalid:6443";
    const ApiError error = FailureOf(connection);
    CHECK(error.failure == Failure::kUnreachable);
    CHECK(error.message.starts_with(
        "the name of the API server, netcheck-test.invalid, can't be resolved"));
  }
}

TEST_CASE("client: connections that break off") {
  LoopbackServer server([](const std::string& request, Peer& peer) {
    if (Contains(request, "/half")) {
      peer.Write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":");
    }
    peer.Close();
  });
  const ApiError half = FailureOf(To(server), {Verb::kGet, "/half", {}, {}});
  CHECK(half.failure == Failure::kUnreachable);
  CHECK(Contains(half.message, "broke off in the middle of its answer"));
  const ApiError none = FailureOf(To(server));
  CHECK(none.failure == Failure::kUnreachable);
  CHECK(Contains(none.message, "closed the connection without an answer"));
}

TEST_CASE("client: a kept connection that the server has closed is replaced") {
  LoopbackServer server([](const std::string&, Peer& peer) {
    peer.Answer(200, "{}");
    peer.Close();
  });
  const auto api = MustConnect(To(server));
  CHECK(api->Call(kGetPods).ok());
  CHECK(api->Call(kGetPods).ok());
  CHECK(server.connections() == 2);
}

TEST_CASE("client: request timeout") {
  LoopbackServer server([](const std::string&, Peer& peer) { peer.WaitForClose(); });
  Connection connection = To(server);
  SUBCASE("the connection's") {
    connection.request_timeout = milliseconds(200);
    const ApiError error = FailureOf(connection);
    CHECK(error.failure == Failure::kTimeout);
    CHECK(Contains(error.message, "did not answer within 0.2 s"));
  }
  SUBCASE("the request's own") {
    Request request = kGetPods;
    request.timeout = milliseconds(200);
    CHECK(FailureOf(connection, request).failure == Failure::kTimeout);
  }
}

TEST_CASE("client: stream") {
  LoopbackServer server([](const std::string& request, Peer& peer) {
    if (Contains(request, "/forbidden")) {
      peer.Answer(403, R"({"kind":"Status","message":"no logs for you"})");
      return;
    }
    peer.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    if (Contains(request, "/idle")) {
      peer.WaitForClose();
    } else if (Contains(request, "/cut")) {
      peer.Close();
    } else {
      peer.Write("3\r\ntwo\r\n0\r\n\r\n");
    }
  });
  const auto api = MustConnect(To(server));
  std::string data;
  const auto collect = [&](std::string_view part) {
    data += part;
    return true;
  };
  const auto stream = [&](const std::string& path, milliseconds idle_limit) {
    return api->Stream({Verb::kGet, path, {}, {}}, collect, idle_limit);
  };
  SUBCASE("to its end") {
    CHECK(stream("/end", seconds(10)).ok());
    CHECK(data == "onetwo");
  }
  SUBCASE("until nothing comes") {
    CHECK(stream("/idle", milliseconds(200)).ok());
    CHECK(data == "one");
  }
  SUBCASE("until the receiver has enough") {
    int parts = 0;
    const auto once = [&](std::string_view) { return ++parts == 0; };
    CHECK(api->Stream({Verb::kGet, "/idle", {}, {}}, once, seconds(10)).ok());
    CHECK(parts == 1);
  }
  SUBCASE("cut off") {
    const auto result = stream("/cut", seconds(10));
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().failure == Failure::kUnreachable);
    CHECK(data == "one");
  }
  SUBCASE("a refusal is no data") {
    const auto result = stream("/forbidden", seconds(10));
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().message == "no logs for you");
    CHECK(data.empty());
  }
}

TEST_CASE("client: a stream's timeout is for its head") {
  LoopbackServer server([](const std::string&, Peer& peer) { peer.WaitForClose(); });
  Request request = kGetPods;
  request.timeout = milliseconds(200);
  const auto result = MustConnect(To(server))
                          ->Stream(
                              request, [](std::string_view) { return true; }, seconds(10));
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().failure == Failure::kTimeout);
}

TEST_CASE("client: an interrupt ends what waits, and cleaning up works after it") {
  std::atomic<int> signal = 0;
  LoopbackServer server([&](const std::string& request, Peer& peer) {
    if (request.starts_with("DELETE")) {
      peer.Answer(200, "{}");
    } else {
      signal = 2;
      peer.WaitForClose();
    }
  });
  const auto api = MustConnect(To(server), [&] { return signal.load(); });
  const auto waiting = api->Call(kGetPods);
  REQUIRE_FALSE(waiting.ok());
  CHECK(waiting.error().failure == Failure::kInterrupted);

  const auto refused = api->Call({Verb::kDelete, "/x", {}, {}});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().failure == Failure::kInterrupted);
  CHECK(server.requests().size() == 1);

  Request cleanup{Verb::kDelete, "/x", {}, {}};
  cleanup.even_if_interrupted = true;
  CHECK(api->Call(cleanup).ok());
}

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

TEST_CASE("client: through a proxy") {
  const Trust trust;
  LoopbackServer proxy([](const std::string& request, Peer& peer) {
    peer.Answer(request.starts_with("CONNECT refused.example") ? 403 : 200, "{}");
  });
  Connection connection;
  connection.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  SUBCASE("plain requests name the server") {
    connection.server = "http://api.example:8080";
    CHECK(MustConnect(connection)->Call(kGetPods).ok());
    CHECK(proxy.requests().at(0).starts_with("GET http://api.example:8080/api/v1/pods HTTP/1.1"));
  }
  SUBCASE("a proxy that refuses, and sees no token") {
    connection.server = "https://refused.example:6443";
    connection.credentials.token = "secret";
    const ApiError error = FailureOf(connection);
    CHECK(error.failure == Failure::kUnreachable);
    CHECK(Contains(error.message, "it answered HTTP 403"));
    CHECK_FALSE(Contains(proxy.requests().at(0), "secret"));
  }
}

}  // namespace
}  // namespace netcheck::kube
