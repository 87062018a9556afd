#include "protocol/report.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "protocol/json.h"
#include "unit/protocol/sample_facts.h"

namespace netcheck::protocol {
namespace {

ProbeReport SampleReport() {
  StreamReader reader;
  std::int64_t number = 0;
  for (const Fact& fact : SampleFacts()) {
    std::string line = EncodeLine(number++, fact);
    line.pop_back();
    reader.AddLine(line);
  }
  reader.AddLine("a word for people");
  return ReportFromStream(reader);
}

HandshakeColumns Columns(int first, int count) {
  HandshakeColumns columns;
  columns.batch = "b";
  columns.first = first;
  columns.count = count;
  columns.source_address = "10.0.0.1";
  columns.source_ports = {{40000 + first, 2, count}};
  columns.results = {{0, count}};
  columns.seen = {{15, count}};
  columns.start_us.assign(static_cast<std::size_t>(count), 10);
  columns.duration_us.assign(static_cast<std::size_t>(count), 77);
  return columns;
}

TEST_CASE("report: each fact of a stream is where it belongs") {
  const ProbeReport report = SampleReport();
  CHECK(report.complete);
  CHECK(report.missing_lines == 0);
  CHECK(report.foreign_lines == std::vector<std::string>{"a word for people"});
  REQUIRE(report.hello);
  CHECK(report.hello->plan_id == "7f3a");
  REQUIRE(report.end);
  CHECK(report.end->reason == "done");
  CHECK(report.clocks.size() == 1);
  CHECK(report.unavailable.size() == 1);
  CHECK(report.targets.size() == 1);
  CHECK(report.sysctls.size() == 1);
  CHECK(report.counters.size() == 1);
  CHECK(report.listeners.size() == 1);
  CHECK(report.conntrack_tables.size() == 1);
  CHECK(report.conntrack_usage.size() == 1);
  CHECK(report.pod_sockets.size() == 1);
  CHECK(report.conntrack_entries.size() == 1);
  CHECK(report.ipvs_services.size() == 1);
  CHECK(report.ipvs_connections.size() == 1);
  CHECK(report.cpu_throttling.size() == 1);
  CHECK(report.taps.size() == 1);
  CHECK(report.handshakes.size() == 1);
  CHECK(report.handshake_details.size() == 1);
  CHECK(report.batch_ends.size() == 1);
  CHECK(report.check_attempts.size() == 1);
}

TEST_CASE("report: its JSON form loses nothing") {
  const ProbeReport report = SampleReport();
  const Json json = ToJson(report);
  const auto again = ReportFromJson(Json::parse(json.dump()));
  REQUIRE(again.ok());
  CHECK(ToJson(*again) == json);
  CHECK(again->complete);
  CHECK(again->foreign_lines == report.foreign_lines);
  CHECK(json["facts"].size() == SampleFacts().size() - 1);  // Heartbeats are no record.
}

TEST_CASE("report: JSON that is no report is refused, facts from the future are not") {
  CHECK_FALSE(ReportFromJson(Json::parse("{}")).ok());
  CHECK_FALSE(ReportFromJson(Json::parse("[]")).ok());
  CHECK_FALSE(ReportFromJson(Json::parse(R"({"facts": [{"kind": 1}]})")).ok());
  CHECK_FALSE(ReportFromJson(Json::parse(R"({"facts": [], "complete": "yes"})")).ok());
  const auto report = ReportFromJson(Json::parse(R"({"facts": [{"kind": "quantum-state"}]})"));
  REQUIRE(report.ok());
  CHECK_FALSE(report->complete);
}

TEST_CASE("report: values are found in any part, and absence is not zero") {
  ProbeReport report;
  report.sysctls = {{Moment::kBefore, Where::kNode, {{"a", "1"}}},
                    {Moment::kBefore, Where::kNode, {{"b", "2"}}},
                    {Moment::kAfter, Where::kNode, {{"b", "3"}}}};
  report.counters = {{Moment::kIdle, Where::kPod, {{"TcpExt.ListenDrops", 0}}}};
  CHECK(FindSysctl(report, Where::kNode, Moment::kBefore, "b") == std::string("2"));
  CHECK(FindSysctl(report, Where::kNode, Moment::kAfter, "b") == std::string("3"));
  CHECK_FALSE(FindSysctl(report, Where::kPod, Moment::kBefore, "b").has_value());
  CHECK(FindCounter(report, Where::kPod, Moment::kIdle, "TcpExt.ListenDrops") == 0);
  CHECK_FALSE(FindCounter(report, Where::kPod, Moment::kIdle, "TcpExt.PAWSPassive").has_value());
  report.targets = {{Moment::kBefore, true, "", 1, 2, {}}};
  REQUIRE(FindTarget(report, Moment::kBefore).has_value());
  CHECK(FindTarget(report, Moment::kBefore)->pod_netns == 1);
  CHECK_FALSE(FindTarget(report, Moment::kAfter).has_value());
}

TEST_CASE("report: parts of a target are joined") {
  ProbeReport report;
  report.targets = {{Moment::kBefore, true, "", 1, 2, {{"web", "a", true, 10, 100}}},
                    {Moment::kAfter, true, "", 1, 2, {{"web", "a", true, 10, 100}}},
                    {Moment::kBefore, true, "", 1, 2, {{"log", "b", true, 11, 101}}}};
  const auto before = FindTarget(report, Moment::kBefore);
  REQUIRE(before.has_value());
  REQUIRE(before->containers.size() == 2);
  CHECK(before->containers[1].name == "log");
}

TEST_CASE("report: parts of a listener list are joined; an empty list is not an absent one") {
  ProbeReport report;
  report.listeners = {{Moment::kBefore, Where::kPod, {{"0.0.0.0", 80, false, 0, 128}}},
                      {Moment::kBefore, Where::kPod, {{"::", 81, false, 0, 128}}},
                      {Moment::kAfter, Where::kPod, {}}};
  REQUIRE(FindListeners(report, Where::kPod, Moment::kBefore).has_value());
  CHECK(FindListeners(report, Where::kPod, Moment::kBefore)->size() == 2);
  REQUIRE(FindListeners(report, Where::kPod, Moment::kAfter).has_value());
  CHECK(FindListeners(report, Where::kPod, Moment::kAfter)->empty());
  CHECK_FALSE(FindListeners(report, Where::kNode, Moment::kAfter).has_value());
}

TEST_CASE("handshakes: columns expand to attempts in order, batch by batch") {
  ProbeReport report;
  report.handshakes = {Columns(0, 3), Columns(3, 2)};
  report.handshakes[0].results = {{0, 1}, {111, 2}};
  report.handshakes[1].batch = "b";
  HandshakeColumns other = Columns(0, 4);
  other.batch = "other";
  report.handshakes.push_back(other);
  const auto attempts = ExpandHandshakes(report, "b");
  REQUIRE(attempts.ok());
  REQUIRE(attempts->size() == 5);
  const Handshake& third = (*attempts)[2];
  CHECK(third.index == 2);
  CHECK(third.source_port == 40004);
  CHECK(third.result == 111);
  CHECK(third.seen == 15);
  CHECK(third.start_us == 30);
  CHECK(third.duration_us == 77);
  CHECK((*attempts)[3].index == 3);
  CHECK((*attempts)[3].start_us == 10);
  CHECK((*attempts)[3].source_port == 40003);
  const auto none = ExpandHandshakes(report, "absent");
  REQUIRE(none.ok());
  CHECK(none->empty());
}

TEST_CASE("handshakes: columns that contradict each other are an error") {
  const auto expands = [](auto spoil) {
    ProbeReport report;
    report.handshakes = {Columns(0, 3)};
    spoil(report.handshakes[0]);
    return ExpandHandshakes(report, "b").ok();
  };
  static constexpr auto kHuge = std::numeric_limits<std::int64_t>::max();
  CHECK(expands([](HandshakeColumns&) {}));
  CHECK_FALSE(expands([](HandshakeColumns& c) { c.count = -1; }));
  CHECK_FALSE(expands([](HandshakeColumns& c) { c.count = 4; }));
  CHECK_FALSE(expands([](HandshakeColumns& c) { c.count = std::numeric_limits<int>::max(); }));
  CHECK_FALSE(expands([](HandshakeColumns& c) { c.start_us.pop_back(); }));
  CHECK_FALSE(expands([](HandshakeColumns& c) { c.duration_us.push_back(1); }));
  CHECK_FALSE(expands([](HandshakeColumns& c) { c.source_ports[0][2] = 2; }));
  CHECK_FALSE(expands([](HandshakeColumns& c) { c.source_ports[0][2] = 4; }));
  CHECK_FALSE(expands([](HandshakeColumns& c) { c.source_ports[0] = {kHuge, kHuge, 3}; }));
  CHECK_FALSE(expands([](HandshakeColumns& c) { c.source_ports[0] = {65535, 1, 3}; }));
  CHECK_FALSE(expands([](HandshakeColumns& c) { c.results = {{0, 2}}; }));
  CHECK_FALSE(expands([](HandshakeColumns& c) { c.results = {{0, 2}, {111, 2}}; }));
  CHECK_FALSE(expands([](HandshakeColumns& c) { c.results = {{0, 4}, {0, -1}}; }));
  CHECK_FALSE(expands([](HandshakeColumns& c) { c.seen = {}; }));
  CHECK_FALSE(expands([](HandshakeColumns& c) { c.seen = {{0, kHuge}}; }));
  CHECK_FALSE(expands([](HandshakeColumns& c) { c.start_us = {kHuge, kHuge, kHuge}; }));
  CHECK_FALSE(expands([](HandshakeColumns& c) { c.first = std::numeric_limits<int>::max(); }));
}

}  // namespace
}  // namespace netcheck::protocol
