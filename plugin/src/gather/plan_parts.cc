#include "gather/plan_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/address_text.h"
#include "protocol/version.h"

namespace netcheck::gather {
namespace {

constexpr int kIdleWindowMs = 1000;
/// No plan takes longer than a day.
constexpr std::int64_t kLongestMs = 86'400'000;
/// Names, snapshots, and a node that has other things to do.
constexpr int kSlackMs = 10000;
/// The largest range that ip_local_port_range can have: 1024 to 65535.
constexpr int kMaxSweep = 64512;

/// Every handshake and every check runs into its limit.
int WorstCaseMs(const protocol::Plan& plan) {
  std::int64_t total = plan.idle_window_ms + kSlackMs;
  for (const protocol::HandshakeBatch& batch : plan.batches) {
    const std::int64_t count =
        batch.ports.kind == protocol::PortPlanKind::kSweep ? kMaxSweep : batch.ports.count;
    total += count * 1000 / plan.limits.connections_per_second +
             (count / plan.limits.max_in_flight + 1) * batch.timeout_ms;
  }
  for (const protocol::Check& check : plan.checks) {
    total += check.budget_ms + check.patience_ms;
  }
  return static_cast<int>(std::min(total, kLongestMs));
}

}  // namespace

protocol::Plan NewPlan(const std::string& id, std::uint64_t seed) {
  protocol::Plan plan;
  plan.protocol_version = protocol::kProtocolVersion;
  plan.id = id;
  plan.seed = seed;
  plan.idle_window_ms = kIdleWindowMs;
  return plan;
}

std::string BatchId(const std::string& address, int port, protocol::PortPlanKind ports) {
  return fmt::format("{}/{}", model::HostPort(address, port), protocol::Name(ports));
}

void SetDeadline(std::optional<int> time_limit_ms, protocol::Plan& plan) {
  plan.limits.deadline_ms = WorstCaseMs(plan);
  if (time_limit_ms) {
    plan.limits.deadline_ms = std::min(plan.limits.deadline_ms, *time_limit_ms);
  }
}

}  // namespace netcheck::gather
