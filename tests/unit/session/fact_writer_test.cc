#include "session/fact_writer.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <array>
#include <csignal>
#include <string>

#include "protocol/report.h"
#include "session/line_fit.h"
#include "unit/session/stream_capture.h"

namespace netcheck::probe {
namespace {

using protocol::kMaxLineBytes;
using protocol::kMaxStreamBytes;
using protocol::Moment;
using protocol::Where;

protocol::Sysctls ManySysctls() {
  protocol::Sysctls fact{Moment::kBefore, Where::kPod, {}};
  for (int i = 0; i < 500; ++i) {
    fact.values["net.ipv4.some_setting_" + std::to_string(i)] = std::string(20, 'v');
  }
  return fact;
}

TEST_CASE("fact writer: long maps become several lines that join to the same") {
  const StreamCapture capture;
  FactWriter writer(capture.fd());
  const protocol::Sysctls fact = ManySysctls();
  writer.Write(fact);
  writer.Write(protocol::End{"done", writer.lines(), 1, 1});
  std::size_t longest = 0;
  const protocol::StreamReader reader = capture.Read(longest);
  CHECK(reader.Complete());
  CHECK(longest <= kMaxLineBytes);
  CHECK(writer.lines() > 3);
  CHECK(writer.bytes() == capture.Text().size());
  const protocol::ProbeReport report = protocol::ReportFromStream(reader);
  for (const auto& [name, value] : fact.values) {
    CHECK(protocol::FindSysctl(report, Where::kPod, Moment::kBefore, name) == value);
  }
}

TEST_CASE("fact writer: texts that are too long for a line are cut, short ones kept") {
  const StreamCapture capture;
  FactWriter writer(capture.fd());
  protocol::CheckAttempt attempt;
  attempt.check = "c1";
  attempt.output = std::string(1024, '\x01');  // Six bytes each in JSON.
  attempt.server = std::string(9000, 's');
  writer.Write(attempt);
  writer.Write(protocol::Unavailable{{}, {}, "x", std::string(100'000, '"'), 0});
  std::size_t longest = 0;
  const protocol::StreamReader reader = capture.Read(longest);
  CHECK(longest <= kMaxLineBytes);
  REQUIRE(reader.facts().size() == 2);
  const auto& read = std::get<protocol::CheckAttempt>(reader.facts().at(0));
  CHECK(read.check == "c1");
  CHECK(read.server.size() > 100);
  CHECK(read.output.size() > 100);
}

TEST_CASE("fact writer: lists that can't be split lose their last elements") {
  protocol::HandshakeDetail detail;
  detail.batch = "b";
  detail.packets.resize(200, {Where::kNode, 1, "SYN", "10.0.0.1:40000", "10.0.0.5:8080", 1, 2});
  const auto parts = FitIntoLines(detail);
  REQUIRE(parts.size() == 1);
  CHECK(LineBytes(parts[0]) <= kMaxLineBytes);
  CHECK(std::get<protocol::HandshakeDetail>(parts[0]).packets.size() > 10);

  protocol::IpvsService service{"TCP", "10.0.0.1", 80, "rr", {}};
  service.destinations.resize(500, {"10.244.100.100", 8080, 1});
  for (const auto& part :
       FitIntoLines(protocol::IpvsServices{Moment::kBefore, {service, service}})) {
    CHECK(LineBytes(part) <= kMaxLineBytes);
  }
}

TEST_CASE("fact writer: the stream never outgrows its bound") {
  const StreamCapture capture;
  FactWriter writer(capture.fd());
  const protocol::Unavailable fact{{}, {}, "x", std::string(3000, 'r'), 0};
  int written = 0;
  while (writer.WriteIfRoom(fact, 100'000)) {
    ++written;
  }
  CHECK(written > 600);
  CHECK(writer.bytes() <= kMaxStreamBytes - 100'000);
  CHECK(writer.WriteIfRoom(fact, 0));
  CHECK(writer.bytes() == capture.Text().size());
}

TEST_CASE("fact writer: a reader that went away is noticed, not died of") {
  std::array<int, 2> ends{};
  REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
  close(ends[0]);
  const UniqueFd end(ends[1]);
  const auto previous = std::signal(SIGPIPE, SIG_IGN);
  FactWriter writer(end.get());
  writer.Write(protocol::Heartbeat{1, 2});
  std::signal(SIGPIPE, previous);
  CHECK(writer.failed());
  CHECK(writer.lines() == 0);
}

}  // namespace
}  // namespace netcheck::probe
