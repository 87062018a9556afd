#include "checks/http2_exchange.h"

#include <doctest/doctest.h>

#include <chrono>
#include <random>
#include <string>

#include "checks/http2_session.h"
#include "unit/checks/http2_server.h"
#include "unit/checks/scripted_stream.h"

namespace netcheck::probe {
namespace {

using Status = ExchangeResult::Status;

Patience FiveSeconds() {
  return {std::chrono::steady_clock::now() + std::chrono::seconds(5), {}};
}

const Http2Fields kRequest = {{":authority", "10.0.0.5:8443"},
                              {":method", "GET"},
                              {":path", "/healthz"},
                              {":scheme", "https"},
                              {"accept", "*/*"},
                              {"user-agent", "kube-probe/1.34"}};

ExchangeResult Exchange(ByteStream& peer) {
  return ExchangeHttp2(peer, kRequest, {}, FiveSeconds());
}

ExchangeResult Answered(const std::string& answer) {
  Http2Peer peer(answer);
  return Exchange(peer);
}

std::string ErrorOf(const std::string& answer) {
  const ExchangeResult result = Answered(answer);
  return result.status == Status::kFailed ? result.error : "no error";
}

std::string BodyErrorOf(const std::string& answer) {
  const ExchangeResult result = Answered(answer);
  return result.status == Status::kResponse ? result.body_error : "no response";
}

std::string Ok(const Http2Fields& more = {}, bool end = false) {
  Http2Fields fields{{":status", "200"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return HeadersFrame(fields, end);
}

TEST_CASE("http2 exchange: what the server gets to see") {
  Http2Peer peer(Ok({}, true));
  CHECK(Exchange(peer).status == Status::kResponse);
  CHECK(peer.server().request == kRequest);
  CHECK(peer.server().body.empty());
  CHECK(peer.server().window_increment == 1 << 30);
  const std::vector<std::pair<int, std::uint32_t>> settings = {
      {2, 0}, {4, 4194304}, {5, 16384}, {6, 10485760}};
  CHECK(peer.server().settings == settings);
}

TEST_CASE("http2 exchange: a response, however its bytes are cut") {
  const std::string answer = HeadersFrame({{":status", "103"}, {"link", "x"}}) +
                             HeadersFrame({{":status", "503"}, {"server", "test"}}) +
                             Http2Frame(6, 0, 0, "12345678") + DataFrame("not ") +
                             Http2Frame(200, 0, 1, "new") + DataFrame("yet") +
                             HeadersFrame({{"checksum", "1"}}, true);
  for (const std::size_t step : {1U, 2U, 7U, 4096U}) {
    Http2Peer peer(answer, step);
    const ExchangeResult result = Exchange(peer);
    CHECK(result.status == Status::kResponse);
    CHECK(result.request_sent);
    CHECK(result.response.status == 503);
    CHECK(result.response.body == "not yet");
    CHECK(result.body_error.empty());
    CHECK(FirstValue(result.response.headers, "Server") == "test");
    CHECK(peer.server().reset == 0);
  }
}

TEST_CASE("http2 exchange: no more of a body is read than wanted") {
  Http2Peer peer(Ok() + DataFrame(std::string(9000, 'x')) + DataFrame(std::string(9000, 'y')));
  const ExchangeResult result = Exchange(peer);
  CHECK(result.response.body.size() == kMaxBodyBytes);
  CHECK(result.body_error.empty());
  CHECK(peer.server().reset == 8);
}

TEST_CASE("http2 exchange: how the client ends the stream") {
  const auto reset = [](const std::string& answer) {
    Http2Peer peer(answer);
    (void)Exchange(peer);
    return peer.server().reset;
  };
  CHECK(reset(Ok() + DataFrame("hello", true)) == 0);
  CHECK(reset(HeadersFrame({{":status", "abc"}}, true)) == 1);
  CHECK(reset(Ok({{"Bad", "x"}})) == 1);
  CHECK(reset(GoAwayFrame(0, 2, "")) == 8);
  CHECK(reset(ResetFrame(2)) == 0);
}

TEST_CASE("http2 exchange: lengths that don't fit") {
  CHECK(BodyErrorOf(Ok({{"content-length", "5"}}) + DataFrame("hello", true)).empty());
  CHECK(BodyErrorOf(Ok({{"content-length", "9"}}) + DataFrame("hello", true)) == "unexpected EOF");
  CHECK(BodyErrorOf(Ok({{"content-length", "9"}}, true)) == "unexpected EOF");
  CHECK(BodyErrorOf(Ok({{"content-length", "3"}}) + DataFrame("hello", true)) ==
        "net/http: server replied with more than declared Content-Length; truncated");
}

TEST_CASE("http2 exchange: the server ends the stream") {
  CHECK(ErrorOf(ResetFrame(2)) == "stream error: stream ID 1; INTERNAL_ERROR; received from peer");
  CHECK(ErrorOf(ResetFrame(42)) ==
        "stream error: stream ID 1; unknown error code 0x2a; received from peer");
  CHECK(BodyErrorOf(Ok() + DataFrame("abc") + ResetFrame(0)) ==
        "stream error: stream ID 1; NO_ERROR; received from peer");
  CHECK(Answered(ResetFrame(7)).status == Status::kRetry);
  CHECK(Answered(ResetFrame(1)).status == Status::kRetry);
  CHECK(BodyErrorOf(Ok() + ResetFrame(7)) ==
        "stream error: stream ID 1; REFUSED_STREAM; received from peer");
}

TEST_CASE("http2 exchange: the server takes leave") {
  CHECK(Answered(GoAwayFrame(0, 0, "bye")).status == Status::kRetry);
  CHECK(ErrorOf(GoAwayFrame(0, 2, "bye")) ==
        "http2: Transport received GOAWAY from server ErrCode:INTERNAL_ERROR");
  CHECK(ErrorOf(GoAwayFrame(1, 11, "b\"ye")) ==
        "http2: server sent GOAWAY and closed the connection; LastStreamID=1, "
        "ErrCode=ENHANCE_YOUR_CALM, debug=\"b\\\"ye\"");
  CHECK(Answered(GoAwayFrame(1, 0, "") + Ok({}, true)).response.status == 200);
  CHECK(ErrorOf("") == "unexpected EOF");
  CHECK(ErrorOf(GoAwayFrame(1, 0, "") + std::string(3, '\0')) == "unexpected EOF");
  CHECK(BodyErrorOf(Ok() + DataFrame("abc")) == "unexpected EOF");
}

TEST_CASE("http2 exchange: header lists that Go refuses") {
  const std::string stream = "stream error: stream ID 1; PROTOCOL_ERROR; ";
  CHECK(ErrorOf(HeadersFrame({{"a", "b"}}, true)) ==
        stream + "malformed response from server: missing status pseudo header");
  CHECK(ErrorOf(HeadersFrame({{":status", "abc"}}, true)) ==
        stream + "malformed response from server: malformed non-numeric status pseudo header");
  CHECK(ErrorOf(HeadersFrame({{":status", "103"}}, true)) ==
        stream + "1xx informational response with END_STREAM flag");
  CHECK(ErrorOf(Ok({{"Bad", "x"}})) == stream + "invalid header field name \"Bad\"");
  CHECK(ErrorOf(Ok({{"bad", "\x01"}})) == stream + "invalid header field value for \"bad\"");
  CHECK(ErrorOf(Ok({{":status", "200"}})) == stream + "duplicate pseudo-header \":status\"");
  CHECK(ErrorOf(Ok({{":path", "/"}})) == stream + "mix of request and response pseudo headers");
  CHECK(ErrorOf(HeadersFrame({{":foo", "x"}})) == stream + "invalid pseudo-header \":foo\"");
  CHECK(ErrorOf(Ok({{"a", "b"}, {":late", "x"}})) == stream + "pseudo header field after regular");
  CHECK(BodyErrorOf(Ok() + Ok({}, true)) == "connection error: PROTOCOL_ERROR");
  CHECK(BodyErrorOf(Ok() + HeadersFrame({{"a", "b"}})) == "connection error: PROTOCOL_ERROR");
}

TEST_CASE("http2 exchange: frames that nobody may send") {
  CHECK(ErrorOf(Http2Frame(0, 0, 0, "x")) == "connection error: PROTOCOL_ERROR");
  CHECK(ErrorOf(Http2Frame(6, 0, 0, "abc")) == "connection error: FRAME_SIZE_ERROR");
  CHECK(ErrorOf(Http2Frame(9, 4, 1, "")) == "connection error: PROTOCOL_ERROR");
  CHECK(ErrorOf(Http2Frame(1, 4, 1, std::string(11, '\xff'))) ==
        "connection error: COMPRESSION_ERROR");
  const std::string too_large = Http2Frame(0, 0, 1, std::string(16385, 'x'));
  CHECK(ErrorOf(too_large) == "http2: frame too large");
  CHECK(ErrorOf(Http2Frame(0, 0, 0, "x") + too_large) == "connection error: PROTOCOL_ERROR");
}

TEST_CASE("http2 exchange: a server that speaks HTTP/1 after all") {
  ScriptedStream stream;
  stream.Answer("HTTP/1.1 400 Bad Request\r\n\r\n");
  CHECK(Exchange(stream).error ==
        "http2: failed reading the frame payload: %!w(<nil>), note that the frame header looked "
        "like an HTTP/1.1 header");
}

TEST_CASE("http2 exchange: errors of the connection") {
  Http2Peer silent("");
  silent.EndWith({IoResult::Status::kExpired, 0, ""});
  CHECK(Exchange(silent).status == Status::kExpired);
  Http2Peer stopped("");
  stopped.EndWith({IoResult::Status::kStopped, 0, ""});
  CHECK(Exchange(stopped).status == Status::kStopped);
  Http2Peer stalled(Ok());
  stalled.EndWith({IoResult::Status::kExpired, 0, ""});
  CHECK(Exchange(stalled).body_error ==
        "context deadline exceeded (Client.Timeout or context cancellation while reading body)");
  ScriptedStream broken;
  broken.FailWrites({IoResult::Status::kFailed, 0, "write tcp a->b: write: broken pipe"});
  const ExchangeResult result = Exchange(broken);
  CHECK(result.error == "write tcp a->b: write: broken pipe");
  CHECK_FALSE(result.request_sent);
}

TEST_CASE("http2 exchange: random bytes end it, and nothing else happens") {
  std::mt19937 random(20240607);
  const std::string good = Ok({{"server", "x"}}) + DataFrame("hello") + GoAwayFrame(1, 0, "bye") +
                           HeadersFrame({{"a", "b"}}, true);
  for (int round = 0; round < 2000; ++round) {
    std::string answer = good;
    for (int i = 0; i < 3; ++i) {
      answer[random() % answer.size()] = static_cast<char>(random());
    }
    Http2Peer peer(answer, 1 + random() % 64);
    const ExchangeResult result = Exchange(peer);
    CHECK(result.response.body.size() <= kMaxBodyBytes);
    CHECK((result.status != Status::kFailed || !result.error.empty()));
  }
}

}  // namespace
}  // namespace netcheck::probe
