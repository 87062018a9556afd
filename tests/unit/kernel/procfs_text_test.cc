#include "kernel/procfs_text.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>

#include "kernel/address_text.h"

using namespace netcheck::probe;

TEST_CASE("procfs text: words and lines") {
  CHECK(SplitWords(" a\tb  c\n") == std::vector<std::string_view>{"a", "b", "c"});
  CHECK(SplitWords("").empty());
  CHECK(SplitWords(" \t ").empty());
  CHECK(SplitLines("a\n\nb") == std::vector<std::string_view>{"a", "", "b"});
  CHECK(SplitLines("").empty());
  CHECK(Trim(" 1 2\n") == "1 2");
  CHECK(Trim("\n").empty());
}

TEST_CASE("procfs text: numbers are whole or nothing") {
  CHECK(ParseDecimal("-1") == -1);
  CHECK(ParseDecimal("9223372036854775807") == INT64_MAX);
  for (const char* text : {"", " 1", "1 ", "+1", "0x1", "1.0", "9223372036854775808"}) {
    CHECK_FALSE(ParseDecimal(text));
  }
  CHECK(ParseHex("fF") == 255);
  for (const char* text : {"", "-1", "0x1", "g", "10000000000000000"}) {
    CHECK_FALSE(ParseHex(text));
  }
  CHECK(ParseHexPort("FFFF") == 65535);
  CHECK_FALSE(ParseHexPort("10000"));
}

TEST_CASE("addresses: text and hexadecimal forms") {
  CHECK(ToText(*ParseIpAddress("10.0.0.1")) == "10.0.0.1");
  CHECK(ToText(*ParseIpAddress("FD00:0:0::1")) == "fd00::1");
  for (const char* text : {"", "10.0.0", "10.0.0.256", "fe80::1%eth0", "[::1]", "web"}) {
    CHECK_FALSE(ParseIpAddress(text));
  }
  CHECK(ToText(*ParseNetworkOrderHex("0AF40201")) == "10.244.2.1");
  CHECK(ToText(*ParseNetworkOrderHex("fd000000000000000000000000000002")) == "fd00::2");
  for (const char* text : {"", "0AF4020", "0AF402011", "0AF4020Z"}) {
    CHECK_FALSE(ParseNetworkOrderHex(text));
    CHECK_FALSE(ParseHostOrderHex(text));
  }
  const std::string loopback = htonl(1) == 1 ? "7F000001" : "0100007F";
  CHECK(ToText(*ParseHostOrderHex(loopback)) == "127.0.0.1");
}
