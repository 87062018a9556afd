#include "kernel/ipvs.h"

#include <doctest/doctest.h>

#include "kernel/procfs_text.h"
#include "unit/kernel/captured.h"

using netcheck::probe::IpvsServiceParser;
using netcheck::probe::ParseIpvsConnection;
using netcheck::probe::SplitLines;
using netcheck::test::ReadCapture;

TEST_CASE("ipvs: services with their destinations") {
  IpvsServiceParser parser(8);
  const auto text = ReadCapture("kernel/ipvs/ip_vs");
  for (const auto line : SplitLines(text)) {
    parser.AddLine(line);
  }
  CHECK(parser.malformed() == 0);
  const auto& services = parser.services();
  REQUIRE(services.size() == 4);  // Firewall marks have no port to collide with.
  CHECK(services[0].protocol == "TCP");
  CHECK(services[0].address == "10.244.2.1");
  CHECK(services[0].port == 31055);
  CHECK(services[0].scheduler == "rr");
  REQUIRE(services[0].destinations.size() == 2);
  CHECK(services[0].destinations[1].address == "10.244.0.13");
  CHECK(services[0].destinations[1].port == 8080);
  CHECK(services[0].destinations[1].weight == 100);
  CHECK(services[1].address == "fd00:10:96::1");
  CHECK(services[1].port == 443);
  CHECK(services[1].destinations.at(0).address == "fd00:10:244::3");
  CHECK(services[2].protocol == "UDP");
  CHECK(services[2].destinations.empty());
  CHECK(services[3].destinations.at(0).weight == 0);
}

TEST_CASE("ipvs: destinations of one service are bounded") {
  IpvsServiceParser parser(1);
  parser.AddLine("TCP  0AF40201:794F rr");
  parser.AddLine("  -> 0AF4000C:1F90      Masq    1      0          2");
  parser.AddLine("  -> 0AF4000D:1F90      Masq    1      0          2");
  CHECK(parser.services().at(0).destinations.size() == 1);
}

TEST_CASE("ipvs: malformed lines are counted and belong to no service") {
  IpvsServiceParser parser(8);
  for (const char* line : {"TCP  0AF40201 rr",
                           "  -> 0AF4000C:1F90      Masq    1      0          2",
                           "TCP  0AF402:794F rr",
                           "XYZ  0AF40201:794F rr",
                           "TCP  0AF40201:794F1 rr",
                           "TCP  [fd00::zz]:0050 rr",
                           "TCP"}) {
    parser.AddLine(line);
  }
  CHECK(parser.malformed() == 6);
  CHECK(parser.services().empty());
  parser.AddLine("TCP  0AF40201:794F rr");
  parser.AddLine("  -> 0AF4000C:1F90      Masq");
  parser.AddLine("  -> 0AF4000C:1F90      Masq    99999999999      0          2");
  CHECK(parser.malformed() == 8);
  CHECK(parser.services().at(0).destinations.empty());
}

TEST_CASE("ipvs: connections") {
  const auto text = ReadCapture("kernel/ipvs/ip_vs_conn");
  const auto lines = SplitLines(text);
  CHECK_FALSE(ParseIpvsConnection(lines[0]));  // The header.
  const auto swallowed = ParseIpvsConnection(lines[1]);
  REQUIRE(swallowed);
  CHECK(swallowed->client == "10.244.2.2");
  CHECK(swallowed->client_port == 8080);
  CHECK(swallowed->virtual_address == "10.244.2.1");
  CHECK(swallowed->virtual_port == 31055);
  CHECK(swallowed->destination == "10.244.0.12");
  CHECK(swallowed->destination_port == 8080);
  CHECK(swallowed->state == "SYN_RECV");
  const auto v6 = ParseIpvsConnection(lines[3]);
  REQUIRE(v6);
  CHECK(v6->client == "fd00:10:244::2");
  CHECK(v6->destination == "fd00:10:244::3");
  CHECK(ParseIpvsConnection(lines[4])->protocol == "UDP");
}

TEST_CASE("ipvs: malformed connections") {
  CHECK_FALSE(ParseIpvsConnection(""));
  CHECK_FALSE(ParseIpvsConnection("TCP 0AF40202 1F90 0AF40201 794F 0AF4000C 1F90"));
  CHECK_FALSE(ParseIpvsConnection("TCP 0AF4020 1F90 0AF40201 794F 0AF4000C 1F90 SYN_RECV 55"));
  CHECK_FALSE(ParseIpvsConnection("TCP 0AF40202 1F90 0AF40201 794FF 0AF4000C 1F90 SYN_RECV 55"));
}
