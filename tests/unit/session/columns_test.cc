#include "session/columns.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "engine/port_plan.h"
#include "protocol/report.h"
#include "session/fact_writer.h"
#include "unit/session/stream_capture.h"

namespace netcheck::probe {
namespace {

/// Numbers that look random and are the same everywhere.
class Noise {
 public:
  std::uint32_t Below(std::uint32_t bound) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::uint32_t>(state_ >> 33U) % bound;
  }

 private:
  std::uint64_t state_ = 42;
};

std::vector<std::uint16_t> SweepPorts(int first, int last) {
  PortPlanInput input;
  input.range.local = {first, last};
  input.seed = 1;
  return PlanSourcePorts({protocol::PortPlanKind::kSweep, 0, {}}, input).ports;
}

/// A sweep at 200 connections a second of which `failing` of 1000 run into the deadline.
AttemptTable Sweep(const std::vector<std::uint16_t>& ports, std::uint32_t failing) {
  AttemptTable table(ports);
  Noise noise;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const bool fails = noise.Below(1000) < failing;
    table.results[i] = fails ? protocol::kResultDeadline : 0;
    table.seen[i] = fails ? 1 : 15;
    table.start_us[i] = static_cast<std::int64_t>(i) * 5000 + noise.Below(900);
    table.duration_us[i] =
        static_cast<int>(fails ? 1'000'000 + noise.Below(9000) : 40 + noise.Below(400));
  }
  return table;
}

/// Writes the columns and details of all failures up to `details`, reads the stream again, and
/// compares attempt by attempt. Returns the bytes that the columns took.
std::size_t RoundTrip(const AttemptTable& table, int details) {
  const StreamCapture capture;
  FactWriter writer(capture.fd());
  for (const auto& columns : EncodeColumns("sweep", "10.0.0.1", table)) {
    writer.Write(columns);
  }
  const std::size_t column_bytes = writer.bytes();
  protocol::HandshakeDetail detail{
      "sweep", 0, "10.0.0.1", 0, -1, "dial tcp 10.0.0.5:8080: i/o timeout", "SYN_SENT", 0, {}};
  detail.packets.resize(2,
                        {protocol::Where::kNode,
                         123456789,
                         "SYN",
                         "10.0.0.1:40000",
                         "10.0.0.5:8080",
                         4000000000U,
                         0});
  for (int i = 0; i < details; ++i) {
    writer.WriteIfRoom(detail, 200'000);
  }
  writer.Write(protocol::End{"done", writer.lines(), 1, 1});
  CHECK(writer.bytes() < protocol::kMaxStreamBytes);

  std::size_t longest = 0;
  const protocol::StreamReader reader = capture.Read(longest);
  CHECK(longest <= protocol::kMaxLineBytes);
  CHECK(reader.Complete());
  const auto attempts = protocol::ExpandHandshakes(protocol::ReportFromStream(reader), "sweep");
  REQUIRE(attempts.ok());
  REQUIRE(attempts->size() == table.size());
  std::size_t differing = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const protocol::Handshake& attempt = (*attempts)[i];
    const bool same =
        attempt.index == static_cast<int>(i) && attempt.source_port == table.source_ports[i] &&
        attempt.result == table.results[i] && attempt.seen == table.seen[i] &&
        attempt.start_us == table.start_us[i] && attempt.duration_us == table.duration_us[i];
    differing += same ? 0 : 1;
  }
  CHECK(differing == 0);
  return column_bytes;
}

TEST_CASE("columns: a full sweep with 1 % failures loses nothing and fits") {
  const std::size_t bytes = RoundTrip(Sweep(SweepPorts(32768, 60999), 10), 282);
  MESSAGE("columns of 28232 attempts, 1 % failed: ", bytes, " bytes");
}

TEST_CASE("columns: a full sweep in which all fail loses nothing and fits") {
  const std::size_t bytes = RoundTrip(Sweep(SweepPorts(32768, 60999), 1000), 1000);
  MESSAGE("columns of 28232 attempts, all failed: ", bytes, " bytes");
}

TEST_CASE("columns: the estimate for planning holds even for all ports and changing results") {
  const AttemptTable table = Sweep(SweepPorts(1024, 65535), 500);
  const std::size_t bytes = RoundTrip(table, 0);
  CHECK(bytes <= table.size() * kColumnBytesPerAttempt);
  MESSAGE("columns of 64512 attempts, every second failed: ", bytes, " bytes");
}

TEST_CASE("columns: ports in any order") {
  std::vector<std::uint16_t> ports;
  Noise noise;
  for (int i = 0; i < 5000; ++i) {
    ports.push_back(static_cast<std::uint16_t>(noise.Below(65536)));
  }
  RoundTrip(Sweep(ports, 500), 0);
}

TEST_CASE("columns: no attempts, no facts; one attempt, one fact") {
  CHECK(EncodeColumns("b", "", AttemptTable({})).empty());
  const auto one = EncodeColumns("b", "10.0.0.1", Sweep({40000}, 0));
  REQUIRE(one.size() == 1);
  CHECK(one[0].count == 1);
  CHECK(one[0].source_ports == protocol::Ramps{{{40000, 0, 1}}});
}

TEST_CASE("columns: runs and ramps") {
  const std::vector<int> values = {0, 0, 111, 111, 111, 0};
  CHECK(EncodeRuns(values, 1, 4) == protocol::Runs{{0, 1}, {111, 3}});
  CHECK(EncodeRuns(values, 0, 0).empty());
  const std::vector<std::uint16_t> ports = {10, 12, 14, 13, 12, 9, 0, 0};
  CHECK(EncodeRamps(ports, 0, 8) ==
        protocol::Ramps{{{10, 2, 3}}, {{13, -1, 2}}, {{9, -9, 2}}, {{0, 0, 1}}});
  CHECK(EncodeRamps(ports, 6, 2) == protocol::Ramps{{{0, 0, 2}}});
}

}  // namespace
}  // namespace netcheck::probe
