#include "kernel/ip_tables.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>

#include "unit/kernel/captured.h"

using netcheck::probe::Bytes;
using netcheck::probe::DecodeIpTables;
using netcheck::probe::IpTablesInfo;
using netcheck::probe::TableTally;
using netcheck::protocol::FilterTable;
using netcheck::test::ReadHexCapture;

namespace {

/// Table nat as iptables-legacy-restore wrote it: info, then entries.
struct Capture {
  explicit Capture(const char* file) : bytes(ReadHexCapture(file)) {
    std::memcpy(&info, bytes.data(), sizeof info);
    bytes.erase(bytes.begin(), bytes.begin() + sizeof info);
  }
  IpTablesInfo info{};
  std::vector<std::uint8_t> bytes;
};

std::optional<FilterTable> Decode(const IpTablesInfo& info, Bytes entries, bool ipv6) {
  TableTally table;
  return DecodeIpTables(info, entries, ipv6, table) ? std::optional(table.Finish()) : std::nullopt;
}

void CheckNat(const Capture& capture, bool ipv6) {
  const auto table = Decode(capture.info, capture.bytes, ipv6);
  REQUIRE(table);
  CHECK(table->service_chains == 1);
  CHECK(table->other_chains == 1);
  CHECK(table->chains.size() == 8);
  CHECK(table->chains.at("OUTPUT") == "output accept 1 0 >KUBE-SERVICES");
  CHECK(table->chains.at("INPUT") == "input accept 0 0");
  // The first of its rules returns, as the chain's end does.
  CHECK(table->chains.at("KUBE-POSTROUTING") == "- - 3 0 +MARK +MASQUERADE");
  // Not the jump to the Service's own chain.
  CHECK(table->chains.at("KUBE-SERVICES") == "- - 2 0 >KUBE-MARK-DROP");
  CHECK(table->chains.at("KUBE-MARK-DROP") == "- - 1 0 +MARK");
}

}  // namespace

TEST_CASE("ip_tables: a captured nat table") {
  CheckNat(Capture("kernel/linux-6.18/ip-tables-nat.hex"), false);
  CheckNat(Capture("kernel/linux-6.18/ip6-tables-nat.hex"), true);
}

TEST_CASE("ip_tables: a table of the other family is not misread") {
  const Capture capture("kernel/linux-6.18/ip-tables-nat.hex");
  CHECK_FALSE(Decode(capture.info, capture.bytes, true));
}

TEST_CASE("ip_tables: cut off anywhere inside an entry") {
  const Capture capture("kernel/linux-6.18/ip-tables-nat.hex");
  int whole = 0;
  for (std::size_t size = 0; size < capture.bytes.size(); ++size) {
    whole += Decode(capture.info, Bytes(capture.bytes).first(size), false) ? 1 : 0;
  }
  // Between two entries nothing contradicts itself.
  CHECK(whole == static_cast<int>(capture.info.num_entries));
}

TEST_CASE("ip_tables: offsets that lead nowhere") {
  const Capture capture("kernel/linux-6.18/ip-tables-nat.hex");
  constexpr std::size_t kTargetOffset = 88;
  constexpr std::size_t kNextOffset = 90;
  for (const std::size_t at : {kTargetOffset, kNextOffset}) {
    for (const int number : {0, 1, 31, 111, 112, 0xffff}) {
      const auto value = static_cast<std::uint16_t>(number);
      auto bytes = capture.bytes;
      std::memcpy(bytes.data() + at, &value, sizeof value);
      CAPTURE(at);
      CAPTURE(value);
      const bool read = Decode(capture.info, bytes, false).has_value();
      CHECK_FALSE((read && (number == 0 || number == 0xffff)));
    }
  }
}

TEST_CASE("ip_tables: hooks and jumps that name no entry are ignored") {
  Capture capture("kernel/linux-6.18/ip-tables-nat.hex");
  std::fill(std::begin(capture.info.hook_entry), std::end(capture.info.hook_entry), 7U);
  std::fill(std::begin(capture.info.underflow), std::end(capture.info.underflow), ~0U);
  const auto chains = Decode(capture.info, capture.bytes, false);
  REQUIRE(chains);
  CHECK(chains->chains.count("OUTPUT") == 0);
  CHECK(chains->chains.count("KUBE-SERVICES") == 1);
}

TEST_CASE("ip_tables: counters add up without an overflow") {
  Capture capture("kernel/linux-6.18/ip-tables-nat.hex");
  constexpr std::size_t kPackets = 96;
  constexpr std::size_t kNextOffset = 90;
  for (std::size_t at = 0; at < capture.bytes.size();) {
    const std::uint64_t most = ~std::uint64_t{0};
    std::memcpy(capture.bytes.data() + at + kPackets, &most, sizeof most);
    std::uint16_t next = 0;
    std::memcpy(&next, capture.bytes.data() + at + kNextOffset, sizeof next);
    at += next;
  }
  const auto chains = Decode(capture.info, capture.bytes, false);
  REQUIRE(chains);
  CHECK(chains->chains.at("KUBE-POSTROUTING").find("- - 3 4611686018427387904") == 0);
}
