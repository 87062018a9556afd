#include "checks/tls_first_flight.h"

#include <doctest/doctest.h>

#include <string>

namespace netcheck::probe {
namespace {

using State = TlsFirstFlight::State;

std::string Record(char type, const std::string& payload, const std::string& version = "\x03\x03") {
  return type + version + static_cast<char>(payload.size() >> 8U) +
         static_cast<char>(payload.size() & 0xffU) + payload;
}

/// Fed byte by byte.
TlsFirstFlight After(const std::string& bytes) {
  TlsFirstFlight flight;
  for (const char byte : bytes) {
    flight.Feed(std::string_view(&byte, 1));
  }
  return flight;
}

std::string ErrorAfter(const std::string& bytes) {
  const TlsFirstFlight flight = After(bytes);
  CHECK(flight.state() == State::kFailed);
  return flight.error();
}

const std::string kUnexpected = "local error: tls: unexpected message";
const std::string kHello = std::string("\x02\x00\x00\x03\x03\x03x", 7);

TEST_CASE("tls first flight: a first message is held until it is complete, then all bytes pass") {
  TlsFirstFlight flight;
  const std::string first = Record(22, kHello.substr(0, 2));
  const std::string second = Record(22, kHello.substr(2));
  flight.Feed(first + second.substr(0, 6));
  CHECK(flight.state() == State::kWaiting);
  CHECK(flight.TakePassed().empty());
  flight.Feed(second.substr(6) + "\x17\x03");
  CHECK(flight.state() == State::kPassed);
  CHECK(flight.TakePassed() == first + second + "\x17\x03");
  CHECK(flight.within_record());
  flight.Feed(std::string("\x03\x00\x02x", 4));
  CHECK(flight.within_record());
  flight.Feed("x");
  CHECK_FALSE(flight.within_record());
  CHECK(flight.TakePassed() == std::string("\x03\x00\x02xx", 5));
}

TEST_CASE("tls first flight: what is no TLS") {
  CHECK(After("HTTP").state() == State::kWaiting);
  CHECK(ErrorAfter("HTTP/") == "http: server gave HTTP response to HTTPS client");
  CHECK(ErrorAfter("SSH-2.0") == "tls: first record does not look like a TLS handshake");
  CHECK(ErrorAfter(Record(22, "x", "\x10\x01")) ==
        "tls: first record does not look like a TLS handshake");
  CHECK(ErrorAfter(std::string("\x80\x2e\x01\x00\x02", 5)) ==
        "tls: unsupported SSLv2 handshake received");
  CHECK(ErrorAfter("\x16\x03\x03\xff\xff") == "tls: oversized record received with length 65535");
  CHECK(After(Record(22, "x", "\x09\x09")).state() == State::kWaiting);
}

TEST_CASE("tls first flight: alerts") {
  CHECK(ErrorAfter(Record(21, "\x02\x28")) == "remote error: tls: handshake failure");
  CHECK(After(Record(21, std::string("\x01\x00", 2))).state() == State::kEnded);
  CHECK(ErrorAfter(Record(21, "\x03\x28")) == kUnexpected);
  CHECK(ErrorAfter(Record(21, "\x02")) == kUnexpected);
  std::string warnings;
  for (int i = 0; i < 16; ++i) {
    warnings += Record(21, "\x01\x70");
  }
  CHECK(After(warnings).state() == State::kWaiting);
  CHECK(ErrorAfter(warnings + Record(21, "\x01\x70")) == "tls: too many ignored records");
  CHECK(GoAlertText(70) == "tls: protocol version not supported");
  CHECK(GoAlertText(250) == "tls: alert(250)");
}

TEST_CASE("tls first flight: handshake messages") {
  CHECK(ErrorAfter(Record(22, "")) == kUnexpected);
  CHECK(ErrorAfter(Record(22, "\x02\xff\xff\xff")) ==
        "tls: handshake message of length 16777215 bytes exceeds maximum of 65536 bytes");
  CHECK(ErrorAfter(Record(22, std::string("\x02\x00\x00\x02\x03\x01", 6))) ==
        "tls: server selected unsupported protocol version 301");
  CHECK(ErrorAfter(Record(22, std::string(16385, 'x'))) == "local error: tls: record overflow");
}

}  // namespace
}  // namespace netcheck::probe
