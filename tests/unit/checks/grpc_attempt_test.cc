#include <doctest/doctest.h>

#include <cerrno>
#include <string>

#include "checks/attempt.h"
#include "unit/checks/http2_server.h"
#include "unit/checks/loopback_server.h"

namespace netcheck::probe {
namespace {

using namespace std::string_literals;
using protocol::CheckPhase;

AttemptOutcome Grpc(int port, int patience_ms = 3000, const std::string& service = "") {
  const ProbeClock clock;
  protocol::Check check;
  check.kind = protocol::CheckKind::kGrpc;
  check.address = "127.0.0.1";
  check.port = port;
  check.patience_ms = patience_ms;
  check.grpc.user_agent = "kube-probe/1.34";
  check.grpc.service = service;
  return AttemptGrpc(check, {clock, {}, {}});
}

/// Serves one connection: `answer` when the request is there, then until the client closes.
void Serve(int fd, Http2Server& server, const std::string& answer) {
  char buffer[4096];
  bool answered = false;
  LoopbackServer::Send(fd, server.TakeOutput());
  while (true) {
    const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0 || !server.Feed({buffer, static_cast<std::size_t>(got)})) {
      return;
    }
    LoopbackServer::Send(fd, server.TakeOutput());
    if (server.complete && !answered) {
      answered = true;
      LoopbackServer::Send(fd, answer);
    }
  }
}

LoopbackServer::Handler Answering(const std::string& answer) {
  return [answer](int /*number*/, int fd) {
    Http2Server server;
    Serve(fd, server, answer);
  };
}

std::string Health(const std::string& message) {
  return HeadersFrame({{":status", "200"}, {"content-type", "application/grpc"}}) +
         DataFrame('\0' + Http2Number(static_cast<std::uint32_t>(message.size()), 4) + message) +
         HeadersFrame({{"grpc-status", "0"}}, true);
}

std::string OutputOf(const std::string& answer) {
  const LoopbackServer server(Answering(answer));
  const AttemptOutcome outcome = Grpc(server.port());
  CHECK(outcome.fact.result == "failure");
  return outcome.fact.output;
}

TEST_CASE("grpc attempt: a healthy server, and what it gets to see") {
  Http2Server parsed;
  int port = 0;
  {
    const LoopbackServer server(
        [&parsed](int /*number*/, int fd) { Serve(fd, parsed, Health("\x08\x01")); });
    port = server.port();
    const AttemptOutcome outcome = Grpc(port, 3000, "web");
    CHECK(outcome.fact.result == "success");
    CHECK(outcome.fact.output == "service healthy");
    CHECK(outcome.fact.phase == CheckPhase::kDone);
    CHECK(outcome.fact.http_status == 200);
    CHECK(outcome.fact.connect_result == 0);
    CHECK(outcome.fact.connect_us.has_value());
    CHECK(outcome.fact.first_byte_us.has_value());
  }
  REQUIRE(parsed.request.size() == 8);
  const Http2Field timeout = parsed.request.back();
  parsed.request.pop_back();
  CHECK(timeout.name == "grpc-timeout");
  CHECK(timeout.value.size() <= 9);
  CHECK(timeout.value.back() == 'u');
  const Http2Fields expected = {{":method", "POST"},
                                {":scheme", "http"},
                                {":path", "/grpc.health.v1.Health/Check"},
                                {":authority", "127.0.0.1:" + std::to_string(port)},
                                {"content-type", "application/grpc"},
                                {"user-agent", "kube-probe/1.34 grpc-go/1.72.1"},
                                {"te", "trailers"}};
  CHECK(parsed.request == expected);
  CHECK(parsed.body == "\0\0\0\0\5\x0a\3web"s);
  CHECK(parsed.settings.empty());
  CHECK(parsed.goodbye == "client transport shutdown");
  CHECK(parsed.goodbye_stream == 1);
  CHECK(parsed.pings == 1);
}

TEST_CASE("grpc attempt: what an unhealthy server answers") {
  CHECK(OutputOf(Health("\x08\x02")) == "service unhealthy (responded with \"NOT_SERVING\")");
  CHECK(OutputOf(Health("")) == "service unhealthy (responded with \"UNKNOWN\")");
  CHECK(OutputOf(Health("\x08\x07")) == "service unhealthy (responded with \"7\")");
  CHECK(OutputOf(HeadersFrame({{":status", "404"}}, true)) ==
        "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): "
        "unexpected HTTP status code received from server: 404 (Not Found); malformed header: "
        "missing HTTP content-type");
  CHECK(OutputOf(HeadersFrame({{":status", "200"},
                               {"content-type", "application/grpc"},
                               {"grpc-status", "5"},
                               {"grpc-message", "unknown service"}},
                              true)) ==
        "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service");
  CHECK(OutputOf(HeadersFrame(
            {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "4"}},
            true)) == "timeout: health rpc did not complete within 1s");
  CHECK(OutputOf(HeadersFrame(
            {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "0"}},
            true)) == "error: health rpc probe failed: EOF");
  CHECK(OutputOf(ResetFrame(2)) ==
        "error: health rpc probe failed: rpc error: code = Internal desc = stream terminated by "
        "RST_STREAM with error code: INTERNAL_ERROR");
}

TEST_CASE("grpc attempt: a server that never answers the call") {
  const LoopbackServer server(Answering(""));
  const AttemptOutcome outcome = Grpc(server.port(), 200);
  CHECK(outcome.fact.output == "timeout: health rpc did not complete within 1s");
  CHECK(outcome.fact.phase == CheckPhase::kHeaders);
  CHECK(outcome.fact.total_us >= 190'000);
}

TEST_CASE("grpc attempt: a server that rejects the connection's first call") {
  const LoopbackServer server([](int number, int fd) {
    Http2Server session;
    Serve(fd, session, number == 0 ? GoAwayFrame(0, 0, "") : Health("\x08\x01"));
  });
  CHECK(Grpc(server.port()).fact.result == "success");
  CHECK(server.connections() == 2);
  CHECK(OutputOf(GoAwayFrame(0, 0, "")) ==
        "error: health rpc probe failed: rpc error: code = Unavailable desc = the connection is "
        "draining");
}

std::string ConnectTimeout(int port) {
  return "timeout: failed to connect service \"127.0.0.1:" + std::to_string(port) +
         "\" within 1s: context deadline exceeded";
}

TEST_CASE("grpc attempt: servers that don't speak HTTP/2") {
  const LoopbackServer silent([](int /*number*/, int fd) { LoopbackServer::AwaitClose(fd); });
  const AttemptOutcome tcp_only = Grpc(silent.port(), 200);
  CHECK(tcp_only.fact.output == ConnectTimeout(silent.port()));
  CHECK(tcp_only.fact.connect_result == 0);
  CHECK(tcp_only.fact.phase == CheckPhase::kRequest);

  const LoopbackServer http1([](int /*number*/, int fd) {
    LoopbackServer::Send(fd, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  });
  CHECK(Grpc(http1.port(), 200).fact.output == ConnectTimeout(http1.port()));
}

TEST_CASE("grpc attempt: a port where nothing listens is tried until the time is over") {
  int port = 0;
  {
    const LoopbackServer gone([](int /*number*/, int /*fd*/) {});
    port = gone.port();
  }
  const AttemptOutcome outcome = Grpc(port, 200);
  CHECK(outcome.fact.result == "failure");
  CHECK(outcome.fact.output == ConnectTimeout(port));
  CHECK(outcome.fact.connect_result == ECONNREFUSED);
  CHECK(outcome.fact.phase == CheckPhase::kConnect);
  CHECK(outcome.fact.total_us >= 190'000);
}

TEST_CASE("grpc attempt: the stop hook ends it") {
  const ProbeClock clock;
  const LoopbackServer server(Answering(""));
  protocol::Check check;
  check.kind = protocol::CheckKind::kGrpc;
  check.address = "127.0.0.1";
  check.port = server.port();
  check.patience_ms = 10000;
  CHECK(AttemptGrpc(check, {clock, [] { return true; }, {}}).stopped);
}

}  // namespace
}  // namespace netcheck::probe
