#include "checks/attempt.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>

#include "unit/checks/loopback_server.h"

namespace netcheck::probe {
namespace {

using protocol::CheckPhase;

protocol::Check CheckOf(protocol::CheckKind kind, int port) {
  protocol::Check check;
  check.id = "c";
  check.kind = kind;
  check.address = "127.0.0.1";
  check.port = port;
  check.patience_ms = 3000;
  check.http.user_agent = "kube-probe/1.34";
  return check;
}

AttemptOutcome Http(int port, int patience_ms = 3000, const std::string& scheme = "HTTP") {
  const ProbeClock clock;
  protocol::Check check = CheckOf(protocol::CheckKind::kHttp, port);
  check.patience_ms = patience_ms;
  check.http.scheme = scheme;
  check.http.path = "/healthz";
  return AttemptHttp(check, {clock, {}, {}});
}

/// Answers each request with `response` and closes.
LoopbackServer::Handler Answering(const std::string& response) {
  return [response](int /*number*/, int fd) {
    std::string head;
    if (LoopbackServer::ReadHead(fd, head)) {
      LoopbackServer::Send(fd, response);
    }
  };
}

/// A port where nothing listens: one that a socket holds without listening.
struct ClosedPort {
  ClosedPort() : fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(fd.get(), generic, size) == 0 && getsockname(fd.get(), generic, &size) == 0) {
      number = ntohs(address.sin_port);
    }
  }
  UniqueFd fd;
  int number = 0;
};

TEST_CASE("attempt: a healthy HTTP server") {
  const LoopbackServer server(
      Answering("HTTP/1.1 200 OK\r\nServer: test\r\nContent-Length: 2\r\n\r\nok"));
  Endpoint seen;
  const ProbeClock clock;
  protocol::Check check = CheckOf(protocol::CheckKind::kHttp, server.port());
  const AttemptOutcome outcome = AttemptHttp(
      check, {clock, {}, [&](const Endpoint& local, std::int64_t, std::int64_t) { seen = local; }});
  CHECK(outcome.fact.result == "success");
  CHECK(outcome.fact.output == "ok");
  CHECK(outcome.fact.http_status == 200);
  CHECK(outcome.fact.server == "test");
  CHECK(outcome.fact.phase == CheckPhase::kDone);
  CHECK(outcome.fact.source_address == "127.0.0.1");
  CHECK(outcome.fact.source_port == seen.port);
  CHECK(seen.port != 0);
  REQUIRE(outcome.fact.connect_us.has_value());
  REQUIRE(outcome.fact.first_byte_us.has_value());
  CHECK_FALSE(outcome.fact.tls_us.has_value());
  CHECK(*outcome.fact.connect_us <= *outcome.fact.first_byte_us);
  CHECK(*outcome.fact.first_byte_us <= outcome.fact.total_us);
}

TEST_CASE("attempt: statuses become results as in kubelet") {
  const auto result_of = [](const std::string& response) {
    const LoopbackServer server(Answering(response));
    const AttemptOutcome outcome = Http(server.port());
    return outcome.fact.result + ": " + outcome.fact.output;
  };
  CHECK(result_of("HTTP/1.1 399 x\r\n\r\nbody") ==
        "warning: Probe terminated redirects, Response body: body");
  CHECK(result_of("HTTP/1.1 302 x\r\n\r\n") ==
        "warning: Probe terminated redirects, Response body: ");
  CHECK(result_of("HTTP/1.1 304 x\r\nLocation: /y\r\n\r\n") ==
        "warning: Probe terminated redirects, Response body: ");
  CHECK(result_of("HTTP/1.1 500 x\r\n\r\nsecret") ==
        "failure: HTTP probe failed with statuscode: 500");
  CHECK(result_of("HTTP/1.1 199 x\r\n\r\nHTTP/1.1 404 x\r\n\r\n") ==
        "failure: HTTP probe failed with statuscode: 404");
  CHECK(result_of("HTTP/1.1 302 x\r\nLocation: http://elsewhere.example/\r\n\r\nmoved") ==
        "warning: Probe terminated redirects, Response body: moved");
}

TEST_CASE("attempt: redirects of the same host are followed, ten requests in all") {
  const LoopbackServer twice([](int number, int fd) {
    std::string head;
    LoopbackServer::ReadHead(fd, head);
    LoopbackServer::Send(fd,
                         number == 0 ? "HTTP/1.1 301 x\r\nLocation: /there\r\n\r\n"
                         : head.find("GET /there ") == 0 ? "HTTP/1.1 200 OK\r\n\r\nthere"
                                                         : "HTTP/1.1 404 x\r\n\r\n");
  });
  const AttemptOutcome followed = Http(twice.port());
  CHECK(followed.fact.result == "success");
  CHECK(followed.fact.output == "there");

  const LoopbackServer loop(Answering("HTTP/1.1 302 x\r\nLocation: /again\r\n\r\n"));
  const AttemptOutcome endless = Http(loop.port());
  CHECK(endless.fact.result == "failure");
  CHECK(endless.fact.output == R"(Get "/again": stopped after 10 redirects)");
  CHECK(loop.connections() == 10);
}

TEST_CASE("attempt: an answer that comes too late") {
  const LoopbackServer silent([](int, int fd) { LoopbackServer::AwaitClose(fd); });
  const std::string url = "http://127.0.0.1:" + std::to_string(silent.port()) + "/healthz";
  const AttemptOutcome outcome = Http(silent.port(), 120);
  CHECK(outcome.fact.result == "failure");
  CHECK(outcome.fact.output ==
        "Get \"" + url +
            "\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
  CHECK(outcome.fact.phase == CheckPhase::kHeaders);
  CHECK(outcome.fact.connect_us.has_value());
  CHECK_FALSE(outcome.fact.first_byte_us.has_value());
  CHECK(outcome.fact.total_us >= 120'000);
}

TEST_CASE("attempt: a body that stalls is an error of the prober, not a failure") {
  const LoopbackServer server([](int, int fd) {
    LoopbackServer::Send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    LoopbackServer::AwaitClose(fd);
  });
  const AttemptOutcome outcome = Http(server.port(), 120);
  CHECK(outcome.fact.result == "failure");
  CHECK(outcome.fact.output.empty());
  CHECK(outcome.fact.http_status == 200);
  CHECK(outcome.fact.phase == CheckPhase::kBody);
  CHECK(outcome.fact.error ==
        "context deadline exceeded (Client.Timeout or context cancellation while reading body)");
}

TEST_CASE("attempt: a redirect whose body stalls takes the time of what it leads to") {
  const LoopbackServer server([](int, int fd) {
    std::string head;
    LoopbackServer::ReadHead(fd, head);
    LoopbackServer::Send(fd, "HTTP/1.1 302 x\r\nLocation: /next\r\nContent-Length: 9\r\n\r\nx");
    LoopbackServer::AwaitClose(fd);
  });
  const AttemptOutcome outcome = Http(server.port(), 120);
  CHECK(outcome.fact.output ==
        "Get \"http://127.0.0.1:" + std::to_string(server.port()) +
            "/next\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
  CHECK(outcome.fact.phase == CheckPhase::kBody);
  CHECK(server.connections() == 1);
}

TEST_CASE("attempt: a long body is cut and the rest not waited for") {
  const LoopbackServer server([](int, int fd) {
    std::string head;
    LoopbackServer::ReadHead(fd, head);
    LoopbackServer::Send(fd, "HTTP/1.1 200 OK\r\n\r\n" + std::string(20000, 'x'));
    LoopbackServer::AwaitClose(fd);
  });
  const AttemptOutcome outcome = Http(server.port());
  CHECK(outcome.fact.result == "success");
  CHECK(outcome.fact.output.size() == 10240);
}

TEST_CASE("attempt: nobody listens") {
  const ClosedPort closed;
  const std::string target = "127.0.0.1:" + std::to_string(closed.number);
  const AttemptOutcome http = Http(closed.number);
  CHECK(http.fact.result == "failure");
  CHECK(http.fact.connect_result == ECONNREFUSED);
  CHECK(http.fact.phase == CheckPhase::kConnect);
  CHECK(http.fact.output == "Get \"http://" + target + "/healthz\": dial tcp " + target +
                                ": connect: connection refused");
  const ProbeClock clock;
  const AttemptOutcome tcp =
      AttemptTcp(CheckOf(protocol::CheckKind::kTcp, closed.number), {clock, {}, {}});
  CHECK(tcp.fact.result == "failure");
  CHECK(tcp.fact.output == "dial tcp " + target + ": connect: connection refused");
}

TEST_CASE("attempt: a TCP check is content with the handshake") {
  const LoopbackServer server([](int, int) {});
  const ProbeClock clock;
  const AttemptOutcome outcome =
      AttemptTcp(CheckOf(protocol::CheckKind::kTcp, server.port()), {clock, {}, {}});
  CHECK(outcome.fact.result == "success");
  CHECK(outcome.fact.output.empty());
  CHECK(outcome.fact.connect_result == 0);
  CHECK(outcome.fact.connect_us.has_value());
}

TEST_CASE("attempt: a host in brackets is no address") {
  protocol::Check check = CheckOf(protocol::CheckKind::kTcp, 80);
  check.address = "[::1]";
  const ProbeClock clock;
  const AttemptOutcome outcome = AttemptTcp(check, {clock, {}, {}});
  CHECK(outcome.fact.output == "dial tcp: address [[::1]]:80: missing port in address");
  CHECK(outcome.fact.connect_result == protocol::kResultNotTried);
}

TEST_CASE("attempt: https to a server that speaks http") {
  const LoopbackServer server([](int, int fd) {
    LoopbackServer::Send(fd, "HTTP/1.0 400 Bad Request\r\n\r\n");
    LoopbackServer::AwaitClose(fd);
  });
  const AttemptOutcome outcome = Http(server.port(), 3000, "HTTPS");
  CHECK(outcome.fact.result == "failure");
  CHECK(outcome.fact.phase == CheckPhase::kTls);
  CHECK(outcome.fact.output == "Get \"https://127.0.0.1:" + std::to_string(server.port()) +
                                   "/healthz\": http: server gave HTTP response to HTTPS client");
}

TEST_CASE("attempt: the stop hook cuts it off") {
  const LoopbackServer silent([](int, int fd) { LoopbackServer::AwaitClose(fd); });
  const ProbeClock clock;
  int asked = 0;
  const AttemptOutcome outcome = AttemptHttp(CheckOf(protocol::CheckKind::kHttp, silent.port()),
                                             {clock, [&] { return ++asked > 3; }, {}});
  CHECK(outcome.stopped);
  CHECK(outcome.fact.total_us < 2'000'000);
}

TEST_CASE("attempt: who waits in vain tells of which connection") {
  const LoopbackServer silent([](int, int fd) { LoopbackServer::AwaitClose(fd); });
  const ProbeClock clock;
  protocol::Check check = CheckOf(protocol::CheckKind::kHttp, silent.port());
  check.patience_ms = 200;
  SilentConnection seen;
  AttemptContext context{clock, {}, {}};
  context.on_silence = [&](const SilentConnection& silent) { seen = silent; };
  const AttemptOutcome outcome = AttemptHttp(check, context);
  CHECK(seen.local.port == outcome.fact.source_port);
  CHECK(seen.local.port != 0);
  CHECK(seen.remote.port == silent.port());
  CHECK(seen.sent > 50);
  CHECK(seen.received == 0);
  CHECK(seen.unacknowledged == 0);
}

TEST_CASE("attempt: names are resolved") {
  const LoopbackServer server(Answering("HTTP/1.1 200 OK\r\n\r\n"));
  const ProbeClock clock;
  protocol::Check check = CheckOf(protocol::CheckKind::kHttp, server.port());
  check.http.host = "localhost";
  const AttemptOutcome outcome = AttemptHttp(check, {clock, {}, {}});
  CHECK(outcome.fact.result == "success");
}

TEST_CASE("attempt: a URL that is none is an error of the prober") {
  const ProbeClock clock;
  protocol::Check check = CheckOf(protocol::CheckKind::kHttp, 80);
  check.http.host = "not a host";
  const AttemptOutcome outcome = AttemptHttp(check, {clock, {}, {}});
  CHECK(outcome.fact.result == "unknown");
  CHECK_FALSE(outcome.fact.error.empty());
  CHECK(outcome.fact.connect_result == protocol::kResultNotTried);
  CHECK(outcome.fact.phase == CheckPhase::kRequest);
}

}  // namespace
}  // namespace netcheck::probe
