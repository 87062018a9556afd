#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "engine/connector.h"
#include "kernel/tcp_state.h"
#include "sys/unique_fd.h"
#include "unit/engine/allocation_counter.h"

// The loop itself, over lo and without taps: no root is needed.
namespace netcheck::probe {
namespace {

using protocol::kResultDeadline;
using protocol::kResultNotTried;

/// A listening socket on 127.0.0.1 that accepts only when told to.
class Listener {
 public:
  explicit Listener(int backlog)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const SocketAddress any_port = ToSocketAddress({ParseIpAddress("127.0.0.1").value(), 0});
    REQUIRE(bind(fd_.get(), any_port.get(), any_port.size) == 0);
    REQUIRE(listen(fd_.get(), backlog) == 0);
  }
  [[nodiscard]] Endpoint endpoint() const { return LocalEndpoint(fd_.get()); }
  /// Accepts and closes what is waiting.
  void AcceptAll() const {
    while (UniqueFd(accept(fd_.get(), nullptr, nullptr)).valid()) {
    }
  }

 private:
  UniqueFd fd_;
};

/// A port of 127.0.0.1 that is taken, but not listening.
class ClosedPort {
 public:
  ClosedPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const SocketAddress any_port = ToSocketAddress({ParseIpAddress("127.0.0.1").value(), 0});
    REQUIRE(bind(fd_.get(), any_port.get(), any_port.size) == 0);
  }
  [[nodiscard]] Endpoint endpoint() const { return LocalEndpoint(fd_.get()); }

 private:
  UniqueFd fd_;
};

ConnectorOptions OptionsFor(const Endpoint& target) {
  ConnectorOptions options;
  options.target = target;
  options.timeout = std::chrono::milliseconds(200);
  options.connections_per_second = 5000;
  options.max_in_flight = 32;
  return options;
}

std::size_t CountResults(const AttemptTable& table, int result) {
  return static_cast<std::size_t>(std::count(table.results.begin(), table.results.end(), result));
}

TEST_CASE("connector: allocates nothing once it runs") {
  const Listener listener(4096);
  const ProbeClock clock;
  AttemptTable table(std::vector<std::uint16_t>(1000, 0));
  Connector connector(OptionsFor(listener.endpoint()), table, nullptr, clock);
  const RunHook hook = [&] {
    listener.AcceptAll();
    return false;
  };
  const long before = test::AllocationCount();
  const auto run = connector.Run(0, table.size(), hook);
  const long after = test::AllocationCount();
  CHECK(after == before);
  CHECK(before > 0);  // The counter counts.
  CHECK(run.ok());
  CHECK(CountResults(table, 0) == table.size());
}

TEST_CASE("connector: refused, in detail up to the cap") {
  const ClosedPort closed;
  const ProbeClock clock;
  AttemptTable table(std::vector<std::uint16_t>(20, 0));
  ConnectorOptions options = OptionsFor(closed.endpoint());
  options.max_details = 5;
  Connector connector(options, table, nullptr, clock);
  REQUIRE(connector.Run(0, table.size(), {}).ok());
  CHECK(CountResults(table, ECONNREFUSED) == 20);
  CHECK(connector.failures().size() == 5);
  CHECK(connector.failures_omitted() == 15);
  CHECK(TcpStateName(connector.failures()[0].tcp_state) == std::string("CLOSE"));
}

TEST_CASE("connector: no answer until the deadline") {
  const Listener listener(0);  // One connection fits into its queue, nobody accepts.
  const ProbeClock clock;
  AttemptTable table(std::vector<std::uint16_t>(10, 0));
  Connector connector(OptionsFor(listener.endpoint()), table, nullptr, clock);
  REQUIRE(connector.Run(0, table.size(), {}).ok());
  CHECK(CountResults(table, 0) >= 1);
  CHECK(CountResults(table, kResultDeadline) >= 8);
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table.results[i] == kResultDeadline) {
      CHECK(table.duration_us[i] >= 200'000);
      CHECK(table.duration_us[i] < 5'000'000);
    }
  }
  REQUIRE(!connector.failures().empty());
  CHECK(TcpStateName(connector.failures()[0].tcp_state) == std::string("SYN_SENT"));
}

TEST_CASE("connector: in slices") {
  const Listener listener(4096);
  const ProbeClock clock;
  AttemptTable table(std::vector<std::uint16_t>(25, 0));
  Connector connector(OptionsFor(listener.endpoint()), table, nullptr, clock);
  REQUIRE(connector.Run(0, 10, {}).ok());
  CHECK(CountResults(table, 0) == 10);
  CHECK(CountResults(table, kResultPending) == 15);
  REQUIRE(connector.Run(10, 100, {}).ok());
  CHECK(CountResults(table, 0) == 25);
}

TEST_CASE("connector: keeps to its rate") {
  const Listener listener(4096);
  const ProbeClock clock;
  AttemptTable table(std::vector<std::uint16_t>(101, 0));
  ConnectorOptions options = OptionsFor(listener.endpoint());
  options.connections_per_second = 200;
  Connector connector(options, table, nullptr, clock);
  REQUIRE(connector.Run(0, table.size(), {}).ok());
  // 100 intervals of 5 ms, less the two that may be caught up at the start.
  CHECK(table.start_us.back() - table.start_us.front() >= 485'000);
  // No more than 10 ms' worth and one at a time.
  for (std::size_t i = 4; i < table.size(); ++i) {
    CHECK(table.start_us[i] - table.start_us[i - 4] >= 3'000);
  }
}

TEST_CASE("connector: starts no more than are admitted") {
  const Listener listener(4096);
  const ProbeClock clock;
  AttemptTable table(std::vector<std::uint16_t>(400, 0));
  Connector connector(OptionsFor(listener.endpoint()), table, nullptr, clock);
  connector.Admit(7);
  std::vector<std::size_t> ended;
  const RunHook hook = [&] {
    ended.push_back(table.size() - CountResults(table, kResultPending));
    if (ended.size() == 3) {
      CHECK(connector.admitted() == 0);
      CHECK(connector.in_flight() == 0);
      connector.Admit(table.size());
    }
    return false;
  };
  REQUIRE(connector.Run(0, table.size(), hook).ok());
  REQUIRE(ended.size() >= 3);
  CHECK(ended[1] == 7);
  CHECK(ended[2] == 7);
  CHECK(CountResults(table, 0) == table.size());
}

TEST_CASE("connector: keeps to its number in flight") {
  const Listener listener(0);
  const ProbeClock clock;
  AttemptTable table(std::vector<std::uint16_t>(40, 0));
  ConnectorOptions options = OptionsFor(listener.endpoint());
  options.max_in_flight = 10;
  Connector connector(options, table, nullptr, clock);
  REQUIRE(connector.Run(0, table.size(), {}).ok());
  for (std::size_t i = 0; i < table.size(); ++i) {
    int open = 0;
    for (std::size_t j = 0; j < i; ++j) {
      open += table.start_us[j] + table.duration_us[j] > table.start_us[i] ? 1 : 0;
    }
    CHECK(open < 10);
  }
}

TEST_CASE("connector: never connects to itself") {
  const Endpoint target{ParseIpAddress("127.0.0.1").value(), 45999};
  const ProbeClock clock;
  AttemptTable table({45999});
  Connector connector(OptionsFor(target), table, nullptr, clock);
  REQUIRE(connector.Run(0, 1, {}).ok());
  CHECK(table.results[0] == kResultNotTried);
  CHECK(connector.not_tried().self_connect == 1);
}

TEST_CASE("connector: an explicit port that is taken is not tried") {
  const Listener listener(16);
  const ClosedPort taken;
  const ProbeClock clock;
  AttemptTable table({taken.endpoint().port});
  Connector connector(OptionsFor(listener.endpoint()), table, nullptr, clock);
  REQUIRE(connector.Run(0, 1, {}).ok());
  CHECK(table.results[0] == kResultNotTried);
  CHECK(table.start_us[0] == 0);
  CHECK(connector.not_tried().port_in_use == 1);
}

TEST_CASE("connector: raises its limit of open files where it is too low") {
  const Listener listener(4096);
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit low = before;
  low.rlim_cur = 80;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &low) == 0);
  const ProbeClock clock;
  AttemptTable table(std::vector<std::uint16_t>(200, 0));
  ConnectorOptions options = OptionsFor(listener.endpoint());
  options.connections_per_second = 100'000;
  options.max_in_flight = 200;
  {
    Connector connector(options, table, nullptr, clock);
    REQUIRE(connector.Run(0, table.size(), {}).ok());
  }
  CHECK(CountResults(table, 0) == 200);
  rlimit after{};
  getrlimit(RLIMIT_NOFILE, &after);
  CHECK(after.rlim_cur == 200 + 64);
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST_CASE("connector: stopped by the hook, for good") {
  const Listener listener(0);
  const ProbeClock clock;
  AttemptTable table(std::vector<std::uint16_t>(500, 0));
  ConnectorOptions options = OptionsFor(listener.endpoint());
  options.timeout = std::chrono::seconds(20);
  Connector connector(options, table, nullptr, clock);
  REQUIRE(connector.Run(0, 400, [] { return true; }).ok());
  CHECK(connector.stopped());
  REQUIRE(connector.Run(400, 100, {}).ok());
  CHECK(CountResults(table, kResultPending) == 0);
  CHECK(CountResults(table, kResultNotTried) >= 490);
  CHECK(connector.not_tried().stopped >= 490);
}

}  // namespace
}  // namespace netcheck::probe
