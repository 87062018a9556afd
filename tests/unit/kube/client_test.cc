#include "kube/client.h"

#include <doctest/doctest.h>

#include <atomic>

#include "unit/kube/client_fixture.h"

namespace netcheck::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

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

TEST_CASE("client: a name that was not escaped") {
  Connection connection;
  connection.server = "https://127.0.0.1:1";
  const ApiError error = FailureOf(connection, {Verb::kGet, "/api/v1/pods/we b", {}, {}});
  CHECK(error.failure == Failure::kInvalid);
  CHECK(error.message == "a name in the request can't stand in a URL");
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
