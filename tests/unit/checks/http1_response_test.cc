#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "checks/http_exchange.h"
#include "unit/checks/scripted_stream.h"

// What is made of the bytes of an HTTP/1 response: head, framing and body together, because they
// are read through one buffer.
namespace netcheck::probe {
namespace {

const std::string kBroken = "net/http: HTTP/1.x transport connection broken: ";
const std::string kReset = "read tcp 10.0.0.1:45678->10.0.0.5:8080: read: connection reset by peer";

/// How a connection ends after the response's bytes.
enum class Ending { kClosed, kCutOff };

/// The response to a request on a connection that yields `bytes` in pieces of `size`.
ExchangeResult ReadIn(const std::string& bytes, std::size_t size, Ending ending = Ending::kClosed) {
  ScriptedStream stream;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    stream.Answer(bytes.substr(at, size));
  }
  if (ending == Ending::kCutOff) {
    stream.FailOnce({IoResult::Status::kFailed, 0, kReset});  // As a socket does: EOF afterwards.
  }
  const Patience patience{std::chrono::steady_clock::now() + std::chrono::seconds(60), {}};
  return ExchangeHttp1(stream, {"GET / HTTP/1.1\r\n\r\n", {}, {}}, patience);
}

/// Without what Go puts before the errors of a head.
std::string ErrorIn(const ExchangeResult& result) {
  if (result.status == ExchangeResult::Status::kResponse) {
    return result.body_error;
  }
  CHECK((result.error == "EOF" || result.error == kReset || result.error.starts_with(kBroken)));
  return result.error.starts_with(kBroken) ? result.error.substr(kBroken.size()) : result.error;
}

/// The result must not depend on how the bytes are cut.
ExchangeResult Read(const std::string& bytes, Ending ending = Ending::kClosed) {
  const ExchangeResult whole = ReadIn(bytes, bytes.size() + 1, ending);
  for (const std::size_t size : {1U, 2U, 7U}) {
    const ExchangeResult cut = ReadIn(bytes, size, ending);
    CHECK(cut.status == whole.status);
    CHECK(cut.error == whole.error);
    CHECK(cut.body_error == whole.body_error);
    CHECK(cut.response.status == whole.response.status);
    CHECK(cut.response.body == whole.response.body);
  }
  return whole;
}

std::string ErrorOf(const std::string& bytes, Ending ending = Ending::kClosed) {
  const std::string error = ErrorIn(Read(bytes, ending));
  CHECK_FALSE(error.empty());
  return error;
}

std::string BodyOf(const std::string& bytes) {
  const ExchangeResult result = Read(bytes);
  CHECK(ErrorIn(result).empty());
  return result.response.body;
}

const std::string kOk = "HTTP/1.1 200 OK\r\n";
const std::string kChunked = kOk + "Transfer-Encoding: chunked\r\n\r\n";

TEST_CASE("http response: bodies by length, by chunks and by the connection's end") {
  CHECK(BodyOf(kOk + "Content-Length: 5\r\n\r\nhello world") == "hello");
  CHECK(BodyOf(kOk + "\r\nhello") == "hello");
  CHECK(BodyOf("HTTP/1.0 200 OK\n\nhello") == "hello");
  CHECK(BodyOf(kOk + "Content-Length: 0\r\n\r\n").empty());
  CHECK(BodyOf(kChunked + "5\r\nhello\r\nA;x=y\r\n 123456789\r\n0\r\n\r\n") == "hello 123456789");
  CHECK(BodyOf(kChunked + "0\r\nX-Trailer: 1\r\n\r\n").empty());
  CHECK(BodyOf("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == "0\r\n\r\n");
  CHECK(BodyOf("HTTP/0.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").empty());
  CHECK(BodyOf("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n").empty());
  CHECK(BodyOf("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n").empty());
  CHECK(BodyOf(kOk + "Content-Length: 5\r\nContent-Length:  5 \r\n\r\nhello") == "hello");
}

TEST_CASE("http response: it is done with its last byte, not with the connection") {
  for (const std::string& answer :
       {kOk + "Content-Length: 2\r\n\r\nok", kChunked + "2\r\nok\r\n0\r\n\r\n"}) {
    ScriptedStream stream;
    stream.Answer(answer);
    stream.EndWith({IoResult::Status::kExpired, 0, ""});
    const Patience patience{std::chrono::steady_clock::now() + std::chrono::seconds(60), {}};
    const ExchangeResult result = ExchangeHttp1(stream, {"", {}, {}}, patience);
    CHECK(result.response.body == "ok");
    CHECK(result.body_error.empty());
  }
}

TEST_CASE("http response: status lines in all forms that Go takes") {
  CHECK(Read("HTTP/1.1 503\r\n\r\n").response.status == 503);
  CHECK(Read("HTTP/1.1   200   OK\r\n\r\n").response.status == 200);
  CHECK(Read("HTTP/2.0 200 OK\r\n\r\n").response.status == 200);
  CHECK(Read("HTTP/1.1 007 Bond\r\n\r\n").response.status == 7);
  CHECK(Read("HTTP/1.1 +20 OK\r\n\r\n").response.status == 20);
  CHECK(Read("HTTP/1.1 -00 OK\r\n\r\n").response.status == 0);
}

TEST_CASE("http response: informational responses are skipped, 101 is not") {
  const std::string hint = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
  const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  std::string many;
  for (int i = 0; i < 20; ++i) {
    many += hint + go_on;
  }
  CHECK(BodyOf(many + kOk + "Content-Length: 2\r\n\r\nok") == "ok");
  CHECK(Read("HTTP/1.1 101 Switching Protocols\r\n\r\n").response.status == 101);
  CHECK(
      BodyOf("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nraw") ==
      "raw");
  CHECK(ErrorOf(go_on) == "unexpected EOF");
}

TEST_CASE("http response: headers are folded, trimmed and kept by canonical name") {
  const ExchangeResult result =
      Read(kOk + "sErVeR:  nginx \r\nLocation: /a\r\n\t /b\r\nX-Other: 1\r\n\r\n");
  CHECK(FirstValue(result.response.headers, "Server") == "nginx");
  CHECK(FirstValue(result.response.headers, "Location") == "/a /b");
  CHECK(result.response.headers.count("X-Other") == 0);
}

TEST_CASE("http response: what is no HTTP response, in Go's words") {
  CHECK(ErrorOf("hello\r\n") == R"(malformed HTTP response "hello")");
  CHECK(ErrorOf("hello") == R"(malformed HTTP response "hello")");
  CHECK(ErrorOf("\x15\x03\x01\n") == R"(malformed HTTP response "\x15\x03\x01")");
  CHECK(ErrorOf("SSH-2.0-OpenSSH 9\r\n") == R"(malformed HTTP status code "9")");
  CHECK(ErrorOf("HTTP/1.1 20\r\n") == R"(malformed HTTP status code "20")");
  CHECK(ErrorOf("HTTP/1.1 -20 OK\r\n") == R"(malformed HTTP status code "-20")");
  CHECK(ErrorOf("HTTP/1.1 2000\r\n") == R"(malformed HTTP status code "2000")");
  CHECK(ErrorOf("HTTP/11 200 OK\r\n") == R"(malformed HTTP version "HTTP/11")");
  CHECK(ErrorOf("SIP/2.0 200 OK\r\n") == R"(malformed HTTP version "SIP/2.0")");
}

TEST_CASE("http response: bad headers") {
  CHECK(ErrorOf(kOk + " X: 1\r\n\r\n") == "malformed MIME header initial line:  X: 1");
  CHECK(ErrorOf(kOk + " " + std::string(90, 'x') + "\r\n\r\n") == "message too large");
  CHECK(ErrorOf(kOk + "nonsense\r\n\r\n") == R"(malformed MIME header: missing colon: "nonsense")");
  CHECK(ErrorOf(kOk + ": 1\r\n\r\n") == "malformed MIME header line: : 1");
  CHECK(ErrorOf(kOk + "X(: 1\r\n\r\n") == "malformed MIME header line: X(: 1");
  CHECK(ErrorOf(kOk + "X: \x01\r\n\r\n") == "malformed MIME header line: X: \x01");
  CHECK(ErrorOf(kOk + "Content-Length: five\r\n\r\n") == R"(bad Content-Length "five")");
  CHECK(ErrorOf(kOk + "Content-Length: -1\r\n\r\n") == R"(bad Content-Length "-1")");
  CHECK(ErrorOf(kOk + "Content-Length: 9223372036854775808\r\n\r\n") ==
        R"(bad Content-Length "9223372036854775808")");
  CHECK(ErrorOf(kOk + "Content-Length:\r\n\r\n") == R"(invalid empty Content-Length "")");
  CHECK(ErrorOf(kOk + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n") ==
        R"(http: message cannot contain multiple Content-Length headers; got ["1" "2"])");
  CHECK(ErrorOf(kOk + "Transfer-Encoding: gzip\r\n\r\n") ==
        R"(unsupported transfer encoding: "gzip")");
  CHECK(ErrorOf(kOk + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n") ==
        R"(too many transfer encodings: ["chunked" "chunked"])");
  CHECK(ErrorOf(kOk + "Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n") ==
        R"(bad trailer key "Content-Length")");
}

TEST_CASE("http response: connections that end too early") {
  CHECK(ErrorOf("HTTP/1.1 200 OK") == "unexpected EOF");
  CHECK(ErrorOf(kOk + "Server: x\r\n") == "unexpected EOF");
  CHECK(ErrorOf(kOk + "Content-Length: 5\r\n\r\nhell") == "unexpected EOF");
  CHECK(ErrorOf(kChunked) == "unexpected EOF");
  CHECK(ErrorOf(kChunked + "5") == "unexpected EOF");
  CHECK(ErrorOf(kChunked + "5\r\nhel") == "unexpected EOF");
  CHECK(ErrorOf(kChunked + "5\r\nhello\r") == "unexpected EOF");
  CHECK(ErrorOf(kChunked + "0\r\n") == "http: unexpected EOF reading trailer");
  CHECK(ErrorOf(kChunked + "0\r\nX: 1\r\n") ==
        "http: suspiciously long trailer after chunked body");
}

TEST_CASE("http response: bad chunks") {
  CHECK(ErrorOf(kChunked + "5\nhello\r\n") == "chunked line ends with bare LF");
  CHECK(ErrorOf(kChunked + "5\r \r\n") == "invalid CR in chunked line");
  CHECK(ErrorOf(kChunked + "\r\n") == "empty hex number for chunk length");
  CHECK(ErrorOf(kChunked + "5g\r\n") == "invalid byte in chunk length");
  CHECK(ErrorOf(kChunked + "11111111111111111\r\n") == "http chunk length too large");
  CHECK(ErrorOf(kChunked + "5\r\nhelloX\r\n0\r\n\r\n") == "malformed chunked encoding");
  CHECK(ErrorOf(kChunked + std::string(5000, '1')) == "header line too long");
  CHECK(ErrorOf(kChunked + "0\r\nbad\r\n\r\n") == R"(malformed MIME header: missing colon: "bad")");
  std::string mostly_framing = kChunked;
  for (int i = 0; i < 10; ++i) {
    mostly_framing += "1;" + std::string(4000, 'x') + "\r\ny\r\n";
  }
  CHECK(ErrorOf(mostly_framing) == "chunked encoding contains too much non-data");
}

TEST_CASE("http response: a name in the error of a bad line is canonical") {
  CHECK(ErrorOf(kOk + "ETag: \x01\r\n\r\n") == "malformed MIME header line: Etag: \x01");
  CHECK(ErrorOf(kOk + "E Tag: \x01\r\n\r\n") == "malformed MIME header line: E Tag: \x01");
}

TEST_CASE("http response: a line without its end is one, and a CR at its end belongs to it") {
  CHECK(ErrorOf(kOk + "Content-Length: 2\r") == "malformed MIME header line: Content-Length: 2\r");
  CHECK(ErrorOf(kOk + ":") == "malformed MIME header line: :");
  CHECK(ErrorOf(kOk + "Server: x\r\n\r") == R"(malformed MIME header: missing colon: "\r")");
}

TEST_CASE("http response: the error of a reset is told once, and not for a line that it cuts") {
  const auto error_of = [](const std::string& bytes) { return ErrorOf(bytes, Ending::kCutOff); };
  CHECK(error_of("") == kReset);
  CHECK(error_of("H") == R"(malformed HTTP response "H")");
  CHECK(error_of(" ") == R"(malformed HTTP status code "")");
  CHECK(error_of(" 307 ") == R"(malformed HTTP version "")");
  CHECK(error_of("HTTP/1.1 200 OK") == "unexpected EOF");
  CHECK(error_of(kOk) == "unexpected EOF");
  CHECK(error_of(kOk + "Content-Lengt") ==
        R"(malformed MIME header: missing colon: "Content-Lengt")");
  CHECK(error_of(kOk + "Server: x\r\n") == "unexpected EOF");
  CHECK(error_of(kOk + "Content-Length: 5\r\n\r\nhell") == kReset);
  CHECK(error_of(kOk + "\r\nhell") == kReset);
  CHECK(error_of(kChunked + "5") == kReset);
  CHECK(error_of(kChunked + "5\r\nhel") == kReset);
  CHECK(error_of(kChunked + "5\r\nhello\r") == kReset);
  CHECK(error_of(kChunked + "0\r\n") == "http: unexpected EOF reading trailer");
}

TEST_CASE("http response: lines longer than the buffer") {
  for (const std::size_t size : {4095U, 4096U, 4097U, 9000U}) {
    const std::string filler(size, 'x');
    CHECK(BodyOf(kOk + "X: " + filler + "\r\nContent-Length: 2\r\n\r\nok") == "ok");
    CHECK(ErrorOf(filler + "\r\n") == "malformed HTTP response \"" + filler + "\"");
  }
}

TEST_CASE("http response: a line that ends with a full buffer is not known to end") {
  const std::string most(4095, 'x');
  CHECK(ErrorOf(most) == "malformed HTTP response \"" + most + "\"");
  CHECK(ErrorOf(most + "x") == "unexpected EOF");
  CHECK(ErrorOf(most + "x", Ending::kCutOff) == kReset);
}

TEST_CASE("http response: a body is read up to the limit and no further") {
  const std::string most(kMaxBodyBytes, 'x');
  CHECK(BodyOf(kOk + "\r\n" + most + "yz") == most);
  CHECK(BodyOf(kOk + "Content-Length: 20000\r\n\r\n" + most) == most);
  CHECK(BodyOf(kChunked + "FFFFFFFF\r\n" + most) == most);
}

TEST_CASE(
    "http response: what follows a chunk that ends at the limit counts if it was read ahead") {
  const std::string at_limit = kChunked + "2800\r\n" + std::string(kMaxBodyBytes, 'x');
  const auto whole = [&](const std::string& rest) {
    return ReadIn(at_limit + rest, at_limit.size() + rest.size()).body_error;
  };
  CHECK(whole("").empty());
  CHECK(whole("x").empty());
  CHECK(whole("\r\n").empty());
  CHECK(whole("xx") == "malformed chunked encoding");
  CHECK(whole("\r\nxx\r\n") == "invalid byte in chunk length");
  CHECK(whole("\r\nxx").empty());
  ScriptedStream later;
  later.Answer(at_limit);
  later.Answer("xx");
  const Patience patience{std::chrono::steady_clock::now() + std::chrono::seconds(60), {}};
  CHECK(ExchangeHttp1(later, {"", {}, {}}, patience).body_error.empty());
}

TEST_CASE("http response: the protocol that the server switched to is read as it comes") {
  const std::string head =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
  CHECK(BodyOf(head).empty());
  CHECK(ErrorOf(head + "raw", Ending::kCutOff) == kReset);
}

TEST_CASE("http response: heads are bounded") {
  const std::string too_long = "net/http: server response headers exceeded 10485760 bytes; aborted";
  std::string header = kOk;
  for (int i = 0; i < 11; ++i) {
    header += "X-Filler: " + std::string(1U << 20U, 'x') + "\r\n";
  }
  CHECK(ErrorIn(ReadIn(header, 4096)) == too_long);
  CHECK(ErrorIn(ReadIn(std::string(11U << 20U, 'x'), 4096)) == too_long);
}

TEST_CASE("http response: random bytes end with a response or an error and never crash") {
  std::uint64_t seed = 12345;
  const auto next = [&seed] {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return static_cast<unsigned>(seed >> 33U);
  };
  const std::string alphabet("HTP/1.0 2\r\n:;aA5xf\t\0\xff", 22);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = round % 3 == 0 ? "" : round % 3 == 1 ? kOk : kChunked;
    const unsigned length = next() % 200;
    for (unsigned i = 0; i < length; ++i) {
      bytes += alphabet[next() % alphabet.size()];
    }
    const auto ending = round % 2 == 0 ? Ending::kClosed : Ending::kCutOff;
    const ExchangeResult result = ReadIn(bytes, 1 + next() % 50, ending);
    CHECK((result.status == ExchangeResult::Status::kFailed) == !result.error.empty());
  }
}

}  // namespace
}  // namespace netcheck::probe
