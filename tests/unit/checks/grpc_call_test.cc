#include "checks/grpc_call.h"

#include <doctest/doctest.h>

#include <chrono>
#include <random>
#include <string>

#include "checks/grpc_health.h"
#include "checks/grpc_status_details.h"
#include "unit/checks/http2_server.h"

namespace netcheck::probe {
namespace {

using namespace std::string_literals;

const std::string kOk = HeadersFrame({{":status", "200"}, {"content-type", "application/grpc"}});
const std::string kEnd = HeadersFrame({{"grpc-status", "0"}}, true);

/// A message as gRPC frames it.
std::string Message(const std::string& bytes, char flag = 0) {
  return flag + Http2Number(static_cast<std::uint32_t>(bytes.size()), 4) + bytes;
}

std::string TrailersOnly(const Http2Fields& more) {
  Http2Fields fields{{":status", "200"}, {"content-type", "application/grpc"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return HeadersFrame(fields, true);
}

GrpcCall CallAnswered(const std::string& answer, bool deadline_passed = false) {
  const Patience patience{std::chrono::steady_clock::now() + std::chrono::seconds(5), {}};
  Http2Peer peer(answer);
  Http2Session session(peer, {});
  session.Request({{":method", "POST"},
                   {":scheme", "http"},
                   {":path", "/x"},
                   {":authority", "a"},
                   {"content-type", "application/grpc"}},
                  Message(""));
  GrpcCall call([=] { return deadline_passed; });
  while (!call.reply()) {
    const Http2Event event = session.Next(patience);
    call.Take(event, session.has_event());
  }
  return call;
}

std::string Error(const std::string& answer) {
  const GrpcCall call = CallAnswered(answer);
  return GrpcErrorText(call.reply()->status);
}

TEST_CASE("grpc health: the request") {
  CHECK(EncodeHealthRequest("").empty());
  CHECK(EncodeHealthRequest("abc") ==
        "\x0a\x03"
        "abc");
  CHECK(EncodeHealthRequest(std::string(200, 'x')).substr(0, 3) == "\x0a\xc8\x01");
}

TEST_CASE("grpc health: the response") {
  CHECK(DecodeHealthStatus("") == 0);
  CHECK(DecodeHealthStatus("\x08\x01") == 1);
  CHECK(DecodeHealthStatus("\x08\x01\x08\x02") == 2);
  CHECK(DecodeHealthStatus("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") == -1);
  // Unknown fields, of each wire type; field 1 with another type is one of them.
  CHECK(DecodeHealthStatus("\x12\x03"
                           "abc\x08\x01\x1b\x08\x02\x1c") == 1);
  CHECK(DecodeHealthStatus("\x0a\x01\x02\x19"
                           "12345678\x25"
                           "1234\x30\x05") == 0);
  for (const std::string& bad : {"\x08"s,
                                 "\x00\x01"s,
                                 "\x1c"s,
                                 "\x1b"s,
                                 "\x1b\x24"s,
                                 "\x12\x05"
                                 "abc"s,
                                 "\x19"
                                 "1234"s,
                                 "\x25"
                                 "12"s,
                                 "\x0e"s,
                                 "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"s}) {
    CHECK_FALSE(DecodeHealthStatus(bad).has_value());
  }
  CHECK_FALSE(DecodeHealthStatus(std::string(20000, '\x1b')).has_value());
}

TEST_CASE("grpc health: names") {
  CHECK(ServingStatusName(0) == "UNKNOWN");
  CHECK(ServingStatusName(3) == "SERVICE_UNKNOWN");
  CHECK(ServingStatusName(7) == "7");
  CHECK(ServingStatusName(-1) == "-1");
}

TEST_CASE("grpc status: texts") {
  CHECK(GrpcErrorText({static_cast<GrpcCode>(5), "unknown service"}) ==
        "rpc error: code = NotFound desc = unknown service");
  CHECK(GrpcCodeName(static_cast<GrpcCode>(99)) == "Code(99)");
  CHECK(DecodeGrpcMessage("a%20b%zz%4") == "a b%zz%4");
  CHECK(IsGrpcContentType("application/grpc+proto"));
  CHECK_FALSE(IsGrpcContentType("application/grpcx"));
  CHECK_FALSE(IsGrpcContentType("text/html"));
}

TEST_CASE("grpc status: durations") {
  using std::chrono::milliseconds;
  CHECK(GoDuration(milliseconds(0)) == "0s");
  CHECK(GoDuration(milliseconds(20)) == "20ms");
  CHECK(GoDuration(milliseconds(1000)) == "1s");
  CHECK(GoDuration(milliseconds(1050)) == "1.05s");
  CHECK(GoDuration(milliseconds(60000)) == "1m0s");
  CHECK(GoDuration(milliseconds(3690000)) == "1h1m30s");
  CHECK(EncodeGrpcTimeout(milliseconds(1)) == "1000000n");
  CHECK(EncodeGrpcTimeout(milliseconds(999)) == "999000u");
  CHECK(EncodeGrpcTimeout(std::chrono::nanoseconds(999000001)) == "999001u");
  CHECK(EncodeGrpcTimeout(milliseconds(100000)) == "100000m");
  CHECK(EncodeGrpcTimeout(milliseconds(-5)) == "0n");
}

TEST_CASE("grpc call: an answer") {
  const GrpcCall call = CallAnswered(kOk + DataFrame(Message("\x08\x02")) + kEnd);
  CHECK(call.reply()->status.code == GrpcCode::kOk);
  CHECK(call.reply()->serving == 2);
  CHECK_FALSE(call.reply()->end_without_answer);
  CHECK(call.http_status() == 200);
  const GrpcCall in_pieces =
      CallAnswered(kOk + DataFrame("\0\0"s) + DataFrame("\0\0\2\x08"s) + DataFrame("\x01") + kEnd);
  CHECK(in_pieces.reply()->serving == 1);
}

TEST_CASE("grpc call: an error of the server") {
  CHECK(Error(TrailersOnly({{"grpc-status", "12"}, {"grpc-message", "unknown%20service"}})) ==
        "rpc error: code = Unimplemented desc = unknown service");
  CHECK(Error(kOk + HeadersFrame({{"grpc-status", "5"}}, true)) ==
        "rpc error: code = NotFound desc = ");
  CHECK(Error(TrailersOnly({})) == "rpc error: code = Unknown desc = ");
  CHECK(Error(TrailersOnly({{"grpc-status", "-1"}})) ==
        "rpc error: code = Code(4294967295) desc = ");
  CHECK(Error(TrailersOnly({{"grpc-status", "abc"}})) ==
        "rpc error: code = Internal desc = transport: malformed grpc-status: strconv.ParseInt: "
        "parsing \"abc\": invalid syntax");
  CHECK(Error(TrailersOnly({{"grpc-status", "99999999999"}})) ==
        "rpc error: code = Internal desc = transport: malformed grpc-status: strconv.ParseInt: "
        "parsing \"99999999999\": value out of range");
}

TEST_CASE("grpc call: the server speaks HTTP/2, but not gRPC") {
  CHECK(Error(HeadersFrame({{":status", "404"}, {"content-type", "text/plain"}}, true)) ==
        "rpc error: code = Unimplemented desc = unexpected HTTP status code received from server: "
        "404 (Not Found); transport: received unexpected content-type \"text/plain\"");
  CHECK(Error(HeadersFrame({{":status", "503"}, {"content-type", "application/grpc"}}, true)) ==
        "rpc error: code = Unavailable desc = unexpected HTTP status code received from server: "
        "503 (Service Unavailable)");
  CHECK(Error(HeadersFrame({{":status", "200"}}, true)) ==
        "rpc error: code = Unknown desc = malformed header: missing HTTP content-type");
  CHECK(Error(HeadersFrame({{"content-type", "application/grpc"}}, true)) ==
        "rpc error: code = Internal desc = malformed header: missing HTTP status");
  CHECK(
      Error(kOk + HeadersFrame({{"x", "y"}})) ==
      "rpc error: code = Internal desc = a HEADERS frame cannot appear in the middle of a stream");
}

TEST_CASE("grpc call: messages that are none") {
  CHECK(Error(kOk + DataFrame(Message("\x08")) + kEnd) ==
        "rpc error: code = Internal desc = grpc: failed to unmarshal the received message: proto: "
        "cannot parse invalid wire-format data");
  CHECK(Error(kOk + DataFrame("\0\0\x50\0\0"s)) ==
        "rpc error: code = ResourceExhausted desc = grpc: received message larger than max "
        "(5242880 vs. 4194304)");
  CHECK(Error(kOk + DataFrame(Message("\x08\x01", 1)) + kEnd) ==
        "rpc error: code = Internal desc = grpc: compressed flag set with identity or empty "
        "encoding");
  CHECK(Error(kOk + DataFrame(Message("\x08\x01", 7)) + kEnd) ==
        "rpc error: code = Internal desc = grpc: received unexpected payload format 7");
  CHECK(Error(kOk + DataFrame(Message("\x08\x01") + Message("\x08\x01")) + kEnd) ==
        "rpc error: code = Unknown desc = grpc: client streaming protocol violation: get <nil>, "
        "want <EOF>");
  CHECK(Error(kOk + DataFrame("\0\0\0\0\5ab"s) + kEnd) ==
        "rpc error: code = Internal desc = unexpected EOF");
  CHECK(Error(kOk + DataFrame(Message("\x08\x01"), true)) ==
        "rpc error: code = Internal desc = server closed the stream without sending trailers");
  CHECK(CallAnswered(kOk + kEnd).reply()->end_without_answer);
}

TEST_CASE("grpc call: details of a status") {
  const auto error = [](const std::string& details) {
    return Error(TrailersOnly(
        {{"grpc-status", "5"}, {"grpc-message", "a"}, {"grpc-status-details-bin", details}}));
  };
  CHECK(error("CAUSAWI") == "rpc error: code = NotFound desc = b");
  CHECK(error("CAUSAWI=") == "rpc error: code = NotFound desc = b");
  CHECK(error("CAcSAWI") ==
        "rpc error: code = Internal desc = grpc-status-details-bin mismatch: grpc-status=NotFound, "
        "grpc-message=\"a\", grpc-status-details-bin=code:7 message:\"b\"");
  CHECK(error("CAUSAf8") == "rpc error: code = NotFound desc = a");  // No UTF-8.
  CHECK(error("!") ==
        "rpc error: code = Internal desc = transport: malformed grpc-status-details-bin: illegal "
        "base64 data at input byte 0");
}

TEST_CASE("grpc status: base64") {
  const auto decoded = [](const std::string& text) {
    std::string bytes;
    const std::string error = DecodeBase64(text, bytes);
    return error.empty() ? bytes : error;
  };
  const std::string illegal = "illegal base64 data at input byte ";
  CHECK(decoded("").empty());
  CHECK(decoded("YWJj") == "abc");
  CHECK(decoded("YWI=") == "ab");
  CHECK(decoded("YQ==") == "a");
  CHECK(decoded("YQ") == "a");
  CHECK(decoded("YWI") == "ab");
  CHECK(decoded("YWJjZ") == illegal + "4");
  CHECK(decoded("Y===") == illegal + "1");
  CHECK(decoded("YQ=a") == illegal + "2");
  CHECK(decoded("YQ=") == illegal + "2");
  CHECK(decoded("YQ==YQ==") == illegal + "4");
}

TEST_CASE("grpc call: how the client ends the stream") {
  CHECK_FALSE(CallAnswered(kOk + DataFrame(Message("\x08\x01")) + kEnd).reset());
  CHECK_FALSE(CallAnswered(ResetFrame(2)).reset());
  CHECK(CallAnswered(HeadersFrame({{":status", "404"}}, true)).reset() == 1);
  CHECK(CallAnswered(kOk + HeadersFrame({{"x", "y"}})).reset() == 1);
  CHECK(CallAnswered(kOk + DataFrame(Message("\x08"))).reset() == 8);
  CHECK_FALSE(CallAnswered(kOk + DataFrame(Message("\x08")) + kEnd).reset());
}

TEST_CASE("grpc call: the stream is ended") {
  const std::string text = "stream terminated by RST_STREAM with error code: ";
  CHECK(Error(ResetFrame(2)) == "rpc error: code = Internal desc = " + text + "INTERNAL_ERROR");
  CHECK(Error(ResetFrame(11)) ==
        "rpc error: code = ResourceExhausted desc = " + text + "ENHANCE_YOUR_CALM");
  CHECK(Error(ResetFrame(42)) ==
        "rpc error: code = Unknown desc = " + text + "unknown error code 0x2a");
  CHECK(Error(kOk + DataFrame(Message("\x08\x01")) + ResetFrame(8)) ==
        "rpc error: code = Canceled desc = " + text + "CANCEL");
  CHECK(CallAnswered(ResetFrame(8), true).reply()->status.code == GrpcCode::kDeadlineExceeded);
  CHECK(CallAnswered(ResetFrame(7)).unprocessed());
  CHECK_FALSE(CallAnswered(ResetFrame(2)).unprocessed());
}

TEST_CASE("grpc call: the connection is ended") {
  CHECK(Error("") == "rpc error: code = Unavailable desc = error reading from server: EOF");
  CHECK(Error(std::string(3, '\0')) ==
        "rpc error: code = Unavailable desc = error reading from server: unexpected EOF");
  CHECK(Error(GoAwayFrame(1, 0, "bye")) ==
        "rpc error: code = Unavailable desc = closing transport due to: connection error: desc = "
        "\"error reading from server: EOF\", received prior goaway: code: NO_ERROR, debug data: "
        "\"bye\"");
  const GrpcCall rejected = CallAnswered(GoAwayFrame(0, 0, ""));
  CHECK(rejected.unprocessed());
  CHECK(rejected.draining());
  CHECK(rejected.reply()->status.message == "the connection is draining");
}

TEST_CASE("grpc call: random bytes end it, and nothing else happens") {
  std::mt19937 random(7);
  const std::string good = kOk + DataFrame(Message("\x08\x01")) + kEnd;
  for (int round = 0; round < 2000; ++round) {
    std::string answer = good;
    for (int i = 0; i < 3; ++i) {
      answer[random() % answer.size()] = static_cast<char>(random());
    }
    CHECK(CallAnswered(answer).reply().has_value());
  }
}

}  // namespace
}  // namespace netcheck::probe
