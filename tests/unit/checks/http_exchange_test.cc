#include "checks/http_exchange.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "unit/checks/scripted_stream.h"

namespace netcheck::probe {
namespace {

using Status = ExchangeResult::Status;

const std::string kReset = "read tcp 10.0.0.1:45678->10.0.0.5:8080: read: connection reset by peer";
const std::string kBroken = "net/http: HTTP/1.x transport connection broken: ";

ExchangeResult Exchange(ScriptedStream& stream) {
  const Patience patience{std::chrono::steady_clock::now() + std::chrono::seconds(5), {}};
  return ExchangeHttp1(stream, {"GET / HTTP/1.1\r\n\r\n", {}, {}}, patience);
}

TEST_CASE("exchange: a request goes out, its response comes back") {
  ScriptedStream stream;
  stream.Answer("HTTP/1.1 200 OK\r\nContent-");
  stream.Answer("Length: 2\r\n\r\nok");
  int first_bytes = 0;
  const Patience patience{std::chrono::steady_clock::now() + std::chrono::seconds(5), {}};
  const ExchangeResult result =
      ExchangeHttp1(stream, {"GET /x HTTP/1.1\r\n\r\n", [&] { ++first_bytes; }, {}}, patience);
  CHECK(result.status == Status::kResponse);
  CHECK(result.request_sent);
  CHECK(result.response.status == 200);
  CHECK(result.response.body == "ok");
  CHECK(result.body_error.empty());
  CHECK(stream.written() == "GET /x HTTP/1.1\r\n\r\n");
  CHECK(first_bytes == 1);
}

TEST_CASE("exchange: connections that break before any answer") {
  ScriptedStream closed;
  CHECK(Exchange(closed).error == "EOF");
  ScriptedStream reset;
  reset.EndWith({IoResult::Status::kFailed, 0, kReset});
  CHECK(Exchange(reset).status == Status::kFailed);
  CHECK(Exchange(reset).error == kReset);
  ScriptedStream refused;
  refused.FailWrites({IoResult::Status::kFailed, 0, "write tcp a->b: write: broken pipe"});
  CHECK(Exchange(refused).error == "write tcp a->b: write: broken pipe");
  CHECK_FALSE(Exchange(refused).request_sent);
}

TEST_CASE("exchange: connections that break within the head") {
  ScriptedStream closed;
  closed.Answer("HTTP/1.1 200 OK\r\nSer");
  CHECK(Exchange(closed).error.rfind(kBroken + "malformed MIME header", 0) == 0);
  ScriptedStream reset;
  reset.Answer("HTTP/1.1 200 OK\r\n");
  reset.FailOnce({IoResult::Status::kFailed, 0, kReset});
  CHECK(Exchange(reset).error == kBroken + "unexpected EOF");
  ScriptedStream foreign;
  foreign.Answer("220 mail ready\r\n");
  CHECK(Exchange(foreign).error == kBroken + R"(malformed HTTP status code "mail")");
}

TEST_CASE("exchange: patience and stop before the head") {
  ScriptedStream silent;
  silent.EndWith({IoResult::Status::kExpired, 0, ""});
  CHECK(Exchange(silent).status == Status::kExpired);
  silent.EndWith({IoResult::Status::kStopped, 0, ""});
  CHECK(Exchange(silent).status == Status::kStopped);
  ScriptedStream cut;  // What was read is no answer, whatever it would be at the connection's end.
  cut.Answer("HTTP/1.1 200 OK\r\nSer");
  cut.EndWith({IoResult::Status::kExpired, 0, ""});
  CHECK(Exchange(cut).status == Status::kExpired);
  ScriptedStream stuck;
  stuck.FailWrites({IoResult::Status::kExpired, 0, ""});
  CHECK(Exchange(stuck).status == Status::kExpired);
}

TEST_CASE("exchange: a body that breaks leaves the status and says why") {
  const std::string head = "HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\nhalf";
  ScriptedStream closed;
  closed.Answer(head);
  ExchangeResult result = Exchange(closed);
  CHECK(result.status == Status::kResponse);
  CHECK(result.response.status == 500);
  CHECK(result.body_error == "unexpected EOF");

  ScriptedStream stalled;
  stalled.Answer(head);
  stalled.EndWith({IoResult::Status::kExpired, 0, ""});
  CHECK(Exchange(stalled).body_error ==
        "context deadline exceeded (Client.Timeout or context cancellation while reading body)");

  ScriptedStream reset;
  reset.Answer(head);
  reset.EndWith({IoResult::Status::kFailed, 0, kReset});
  CHECK(Exchange(reset).body_error == kReset);

  ScriptedStream stopped;
  stopped.Answer(head);
  stopped.EndWith({IoResult::Status::kStopped, 0, ""});
  CHECK(Exchange(stopped).status == Status::kStopped);
}

TEST_CASE("exchange: the caller says how much of a body is read") {
  ScriptedStream stream;
  stream.Answer("HTTP/1.1 302 Found\r\n\r\n");
  stream.Answer("abcdef");
  stream.EndWith({IoResult::Status::kExpired, 0, ""});
  const Patience patience{std::chrono::steady_clock::now() + std::chrono::seconds(5), {}};
  ExchangeOptions options{"GET / HTTP/1.1\r\n\r\n", {}, {}};
  options.body_limit = [](const HttpResponse& response) {
    CHECK(response.status == 302);
    return std::size_t{3};
  };
  const ExchangeResult result = ExchangeHttp1(stream, options, patience);
  CHECK(result.response.body == "abc");
  CHECK(result.body_error.empty());
}

}  // namespace
}  // namespace netcheck::probe
