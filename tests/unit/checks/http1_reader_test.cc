#include "checks/http1_reader.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

namespace netcheck::probe {
namespace {

using State = Http1Reader::State;

/// Feeds `bytes` in pieces of `size`, then the end of the connection.
Http1Reader ReadIn(const std::string& bytes, std::size_t size) {
  Http1Reader reader;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    reader.Feed(std::string_view(bytes).substr(at, size));
  }
  reader.End();
  return reader;
}

/// The result must not depend on how the bytes are cut.
Http1Reader Read(const std::string& bytes) {
  Http1Reader whole = ReadIn(bytes, bytes.size() + 1);
  for (const std::size_t size : {1U, 2U, 7U}) {
    const Http1Reader cut = ReadIn(bytes, size);
    CHECK(cut.state() == whole.state());
    CHECK(cut.error() == whole.error());
    CHECK(cut.response().status == whole.response().status);
    CHECK(cut.response().body == whole.response().body);
    CHECK(cut.head_complete() == whole.head_complete());
  }
  return whole;
}

std::string ErrorOf(const std::string& bytes) {
  const Http1Reader reader = Read(bytes);
  CHECK(reader.state() == State::kFailed);
  return reader.error();
}

std::string BodyOf(const std::string& bytes) {
  const Http1Reader reader = Read(bytes);
  CHECK(reader.state() == State::kDone);
  return reader.response().body;
}

const std::string kOk = "HTTP/1.1 200 OK\r\n";
const std::string kChunked = kOk + "Transfer-Encoding: chunked\r\n\r\n";

TEST_CASE("http reader: bodies by length, by chunks and by the connection's end") {
  CHECK(BodyOf(kOk + "Content-Length: 5\r\n\r\nhello world") == "hello");
  CHECK(BodyOf(kOk + "\r\nhello") == "hello");
  CHECK(BodyOf("HTTP/1.0 200 OK\n\nhello") == "hello");
  CHECK(BodyOf(kOk + "Content-Length: 0\r\n\r\n").empty());
  CHECK(BodyOf(kChunked + "5\r\nhello\r\nA;x=y\r\n 123456789\r\n0\r\n\r\n") == "hello 123456789");
  CHECK(BodyOf(kChunked + "0\r\nX-Trailer: 1\r\n\r\n").empty());
  CHECK(BodyOf("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == "0\r\n\r\n");
  CHECK(BodyOf("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n").empty());
  CHECK(BodyOf("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n").empty());
  CHECK(BodyOf(kOk + "Content-Length: 5\r\nContent-Length:  5 \r\n\r\nhello") == "hello");
}

TEST_CASE("http reader: a response is done with its last byte, not with the connection") {
  Http1Reader reader;
  reader.Feed(kOk + "Content-Length: 2\r\n\r\n");
  CHECK(reader.state() == State::kBody);
  CHECK(reader.head_complete());
  reader.Feed("ok");
  CHECK(reader.state() == State::kDone);
}

TEST_CASE("http reader: status lines in all forms that Go takes") {
  CHECK(Read("HTTP/1.1 503\r\n\r\n").response().status == 503);
  CHECK(Read("HTTP/1.1   200   OK\r\n\r\n").response().status == 200);
  CHECK(Read("HTTP/2.0 200 OK\r\n\r\n").response().status == 200);
  CHECK(Read("HTTP/1.1 007 Bond\r\n\r\n").response().status == 7);
  CHECK(Read("HTTP/1.1 +20 OK\r\n\r\n").response().status == 20);
}

TEST_CASE("http reader: informational responses are skipped, 101 is not") {
  const std::string hint = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
  const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  std::string many;
  for (int i = 0; i < 20; ++i) {
    many += hint + go_on;
  }
  CHECK(BodyOf(many + kOk + "Content-Length: 2\r\n\r\nok") == "ok");
  CHECK(Read("HTTP/1.1 101 Switching Protocols\r\n\r\n").response().status == 101);
  CHECK(
      BodyOf("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nraw") ==
      "raw");
  CHECK(ErrorOf(go_on) == "unexpected EOF");
}

TEST_CASE("http reader: headers are folded, trimmed and kept by canonical name") {
  const Http1Reader reader =
      Read(kOk + "sErVeR:  nginx \r\nLocation: /a\r\n\t /b\r\nX-Other: 1\r\n\r\n");
  CHECK(FirstValue(reader.response().headers, "Server") == "nginx");
  CHECK(FirstValue(reader.response().headers, "Location") == "/a /b");
  CHECK(reader.response().headers.count("X-Other") == 0);
}

TEST_CASE("http reader: what is no HTTP response, in Go's words") {
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

TEST_CASE("http reader: bad headers") {
  CHECK(ErrorOf(kOk + " X: 1\r\n\r\n") == R"(malformed MIME header initial line: " X: 1")");
  CHECK(ErrorOf(kOk + " " + std::string(90, 'x') + "\r\n\r\n") == "message too large");
  CHECK(ErrorOf(kOk + "nonsense\r\n\r\n") == R"(malformed MIME header: missing colon: "nonsense")");
  CHECK(ErrorOf(kOk + ": 1\r\n\r\n") == R"(malformed MIME header line: ": 1")");
  CHECK(ErrorOf(kOk + "X(: 1\r\n\r\n") == R"(malformed MIME header line: "X(: 1")");
  CHECK(ErrorOf(kOk + "X: \x01\r\n\r\n") == R"(malformed MIME header line: "X: \x01")");
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

TEST_CASE("http reader: connections that end too early") {
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

TEST_CASE("http reader: bad chunks") {
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

TEST_CASE("http reader: a body is read up to the limit and no further") {
  Http1Reader reader;
  reader.Feed(kOk + "\r\n" + std::string(kMaxBodyBytes - 1, 'x'));
  CHECK(reader.state() == State::kBody);
  reader.Feed("yz");
  CHECK(reader.state() == State::kDone);
  CHECK(reader.response().body.size() == kMaxBodyBytes);
  CHECK(reader.response().body.back() == 'y');

  Http1Reader chunked;
  chunked.Feed(kChunked + "FFFFFFFF\r\n" + std::string(kMaxBodyBytes, 'x'));
  CHECK(chunked.state() == State::kDone);

  Http1Reader limited;
  limited.Feed(kOk + "Content-Length: 100\r\n\r\nabc");
  limited.LimitBody(5);
  CHECK(limited.state() == State::kBody);
  limited.Feed("defgh");
  CHECK(limited.state() == State::kDone);
  CHECK(limited.response().body == "abcde");

  Http1Reader none;
  none.Feed(kOk + "Content-Length: 100\r\n\r\n");
  none.LimitBody(0);
  CHECK(none.state() == State::kDone);
}

TEST_CASE("http reader: heads are bounded") {
  Http1Reader reader;
  const std::string header = "X-Filler: " + std::string(1U << 20U, 'x') + "\r\n";
  reader.Feed(kOk);
  for (int i = 0; i < 10; ++i) {
    CHECK(reader.state() == State::kHead);
    reader.Feed(header);
  }
  CHECK(reader.state() == State::kFailed);
  CHECK(reader.error() == "net/http: server response headers exceeded 10485760 bytes; aborted");

  Http1Reader one_line;
  for (int i = 0; i < 11; ++i) {
    one_line.Feed(std::string(1U << 20U, 'x'));
  }
  CHECK(one_line.state() == State::kFailed);
}

TEST_CASE("http reader: random bytes end in done or failed and never crash") {
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
    const Http1Reader reader = ReadIn(bytes, 1 + next() % 50);
    CHECK((reader.state() == State::kDone || reader.state() == State::kFailed));
    CHECK((reader.state() == State::kFailed) == !reader.error().empty());
  }
}

}  // namespace
}  // namespace netcheck::probe
