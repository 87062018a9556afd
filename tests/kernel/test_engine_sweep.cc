#include <doctest/doctest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <set>

#include "engine/batch_run.h"
#include "engine/port_plan.h"
#include "kernel/test_engine_namespaces.h"
#include "unit/engine/allocation_counter.h"

// All 28232 ports of the default range at 20000 a second, beside somebody who wants ports as well.
namespace netcheck::probe {
namespace {

using test::kOpenPort;
using test::NodeAndPod;

/// Connects to the target again and again from ports that the kernel chooses, until it is stopped;
/// a process of its own.
class Bystander {
 public:
  explicit Bystander(const Endpoint& target) {
    int results[2];
    REQUIRE(pipe(results) == 0);
    pid_ = fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      close(results[0]);
      ConnectForever(target, results[1]);
    }
    close(results[1]);
    results_.Reset(results[0]);
  }
  ~Bystander() { Stop(); }
  Bystander(const Bystander&) = delete;
  Bystander& operator=(const Bystander&) = delete;

  /// Ends it. Connections made, and how many of them failed.
  std::pair<int, int> Stop() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
      pid_ = -1;
      int result = 0;
      while (read(results_.get(), &result, sizeof(result)) == sizeof(result)) {
        ++made_;
        failed_ += result == 0 ? 0 : 1;
      }
    }
    return {made_, failed_};
  }

 private:
  [[noreturn]] static void ConnectForever(const Endpoint& target, int results) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (true) {
      const int result = test::ConnectOnce(target);
      if (write(results, &result, sizeof(result)) != sizeof(result)) {
        _exit(1);
      }
      usleep(5000);
    }
  }

  pid_t pid_ = -1;
  UniqueFd results_;
  int made_ = 0;
  int failed_ = 0;
};

std::int64_t CpuMs() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const timeval& time) {
    return static_cast<std::int64_t>(time.tv_sec) * 1000 + time.tv_usec / 1000;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

long MaxRssKib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST_CASE("sweep: every port once, and nobody else notices") {
  if (!NodeAndPod::Possible()) {
    return;
  }
  const NodeAndPod nodes;
  const Endpoint target{*ParseIpAddress(NodeAndPod::PodAddress(AF_INET)), kOpenPort};
  protocol::PortPlan plan;
  plan.kind = protocol::PortPlanKind::kSweep;
  PortPlanInput input;
  input.range.local = {32768, 60999};
  const long rss_before_kib = MaxRssKib();
  const std::int64_t cpu_before_ms = CpuMs();

  BatchOptions options;
  options.id = "sweep";
  options.address = NodeAndPod::PodAddress(AF_INET);
  options.port = kOpenPort;
  options.source_ports = PlanSourcePorts(plan, input).ports;
  options.connections_per_second = 20000;
  options.max_in_flight = 512;
  options.pod_netns_fd = nodes.pod_netns_fd();
  REQUIRE(options.source_ports.size() == 28232);
  const ProbeClock clock;
  auto batch = BatchRun::Open(options, clock);
  REQUIRE(batch.ok());
  Bystander bystander(target);
  const long allocations_before = test::AllocationCount();
  const bool ran = batch.value()->Run(options.source_ports.size(), {}).ok();
  // The control connection's socket comes from a child process, which takes a few.
  CHECK(test::AllocationCount() - allocations_before < 100);
  REQUIRE(ran);
  const protocol::BatchEnd end = batch.value()->Finish();
  const std::int64_t cpu_ms = CpuMs() - cpu_before_ms;
  const auto [made, failed] = bystander.Stop();
  CHECK(made > 0);
  CHECK(failed == 0);

  const AttemptTable& attempts = batch.value()->attempts();
  const std::set<std::uint16_t> ports(attempts.source_ports.begin(), attempts.source_ports.end());
  CHECK(ports.size() == 28232);
  CHECK(*ports.begin() == 32768);
  CHECK(*ports.rbegin() == 60999);
  CHECK(end.failed == 0);
  CHECK(end.established + end.not_tried == 28232);
  CHECK(end.not_tried <= made);  // What the bystander held at that moment.
  CHECK(end.node_tap.dropped == 0);
  CHECK(end.pod_tap.dropped == 0);
  constexpr std::uint32_t kWholeHandshake = protocol::kSeenNodeSyn | protocol::kSeenPodSyn |
                                            protocol::kSeenPodSynAck | protocol::kSeenNodeSynAck;
  CHECK(std::count(attempts.seen.begin(), attempts.seen.end(), kWholeHandshake) == end.established);

  // Afterwards the node can still use its ports: as many connections as half the range has, all
  // of kubelet's parity, would not find one if the sweep had left them in TIME_WAIT.
  int failed_afterwards = 0;
  for (int i = 0; i < 2000; ++i) {
    failed_afterwards += test::ConnectOnce(target) == 0 ? 0 : 1;
  }
  CHECK(failed_afterwards == 0);

  std::vector<std::int32_t> durations = attempts.duration_us;
  std::sort(durations.begin(), durations.end());
  std::printf(
      "sweep: %d ports in %.2f s, %d not tried, cpu %lld ms, max rss %ld KiB (%ld before), "
      "handshake median %d us, p99 %d us, packets node %d pod %d, bystander %d connections\n",
      end.tried,
      static_cast<double>(end.end_us - end.start_us) / 1e6,
      end.not_tried,
      static_cast<long long>(cpu_ms),
      MaxRssKib(),
      rss_before_kib,
      durations[durations.size() / 2],
      durations[durations.size() * 99 / 100],
      end.node_tap.packets_in + end.node_tap.packets_out,
      end.pod_tap.packets_in + end.pod_tap.packets_out,
      made);
}

}  // namespace
}  // namespace netcheck::probe
